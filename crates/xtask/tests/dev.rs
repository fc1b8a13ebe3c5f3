//! The services on the stores of a cluster: here servers of the same users, passwords and permissions on other ports.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod support;

use common::Service;
use std::{fs, io::Write as _, process::Command};

use rustix::process::Signal;
use sqlx::{AssertSqlSafe, Connection as _, Executor as _, PgConnection};
use support::{Xtask, are_gone, pids};
use testkit::{Nats, Postgres, Redis, free_port, paths};

/// What `components/throwaway-secrets` gives to all.
const PASSWORD: &str = "throw-away";

fn component(file: &str) -> String {
    fs::read_to_string(paths::repository().join("infra/k8s/components").join(file)).unwrap()
}

/// With the users of the cluster's broker. A connection without a password is the test.
async fn nats() -> Nats {
    let mut users = component("nats/users.conf")
        .replace("include permissions.conf", &component("nats/permissions.conf"))
        .replace("users: [", "users: [\n{ user: test, password: test }");
    for name in ["TICKETS", "ORDERS", "EXPIRATION", "PAYMENTS", "CLIENT", "CONSOLE", "ADMIN"] {
        users = users.replace(&format!("${name}_PASSWORD"), PASSWORD);
    }
    Nats::start_with(&format!("{users}\nno_auth_user: test")).await.unwrap()
}

/// With the users of the cluster's Redis.
async fn redis() -> Redis {
    let users = component("redis/users.acl");
    let users = ["EXPIRATION", "ADMIN"]
        .iter()
        .fold(users, |users, name| users.replace(&format!("#{name}_SHA256"), &format!(">{PASSWORD}")));
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(users.as_bytes()).unwrap();
    let path = file.path().to_str().unwrap();
    let arguments = ["--appendonly", "yes", "--maxmemory-policy", "noeviction", "--aclfile", path];
    Redis::start_with(&arguments).await.unwrap()
}

/// With a role and a database for each service.
async fn postgres() -> Postgres {
    let postgres = Postgres::start().await.unwrap();
    let mut admin = PgConnection::connect(&postgres.url()).await.unwrap();
    for name in Service::OURS.into_iter().filter(|name| name.has_database()) {
        for statement in [
            format!("create role {name} login password '{PASSWORD}'"),
            format!("create database {name} owner {name}"),
            format!("revoke all on database {name} from public"),
        ] {
            admin.execute(AssertSqlSafe(statement)).await.unwrap();
        }
    }
    postgres
}

#[tokio::test]
async fn the_services_run_here_on_the_stores_of_a_cluster_which_outlive_them() {
    let (nats, redis, postgres) = tokio::join!(nats(), redis(), postgres());
    let ports = [nats.port(), redis.port(), postgres.port()].map(|port| port.to_string());
    let mut dev = Xtask::start(&[
        "dev",
        "--cluster",
        "--json",
        "--port",
        "0",
        "--nats-port",
        &ports[0],
        "--redis-port",
        &ports[1],
        "--postgres-port",
        &ports[2],
    ]);
    let said = dev.until("up");
    let (up, pids) = (said.last().unwrap(), pids(&said, 7));
    assert!(dev.is_running() && pids.len() == 7, "{up:#}");
    // The printed lines: sign up, sell a ticket, order it.
    let lines = up["example"].as_str().unwrap();
    let output = Command::new("sh").arg("-euc").arg(lines).output().unwrap();
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(printed.contains(r#""status":"created""#), "{printed} {output:?}");
    dev.signal(Signal::INT);
    let (rest, code) = dev.end();
    assert_eq!(code, Some(0), "{rest:#?}");
    assert!(rest.iter().any(|line| line["message"] == "orders has drained"), "{rest:#?}");
    are_gone(&pids).await;
    assert!(nats.is_running() && redis.is_running() && postgres.is_running());
    let database = up["databases"]["orders data"].as_str().unwrap();
    let mut orders = PgConnection::connect(database).await.unwrap();
    let count: i64 = sqlx::query_scalar("select count(*) from orders").fetch_one(&mut orders).await.unwrap();
    assert_eq!(count, 1);
}

#[test]
fn a_store_that_does_not_answer_is_named_with_the_command_that_forwards_it() {
    let port = free_port().unwrap().to_string();
    let arguments =
        ["dev", "--cluster", "--redis-port", &port, "--nats-port", &port, "--postgres-port", &port];
    let output = Command::new(env!("CARGO_BIN_EXE_xtask")).args(arguments).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1), "{said}");
    for told in ["NATS at", "Redis at", "Postgres at", &port, "skaffold dev --profile stores", "--redis-port"]
    {
        assert!(said.contains(told), "{told}: {said}");
    }
}

//! The configurations in `infra/`, on the servers that the tests run on: with `--servers oldest` and `newest`, on both ends of
//! what is promised.

#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::{fs, path::Path, process::Command, time::Duration};

use testkit::{Programs, eventually, free_port, paths};

const PASSWORD: &str = "throwaway";

fn component(file: &str) -> String {
    fs::read_to_string(paths::repository().join("infra/k8s/components").join(file)).unwrap()
}

/// The files of a component in a directory, with each of `changes` made: what a cluster mounts elsewhere.
fn copy(directory: &Path, files: &[&str], changes: &[(&str, &str)]) {
    for file in files {
        let text = changes.iter().fold(component(file), |text, (from, to)| text.replace(from, to));
        fs::write(directory.join(Path::new(file).file_name().unwrap()), text).unwrap();
    }
}

#[test]
fn the_brokers_configurations_are_what_nats_server_takes() {
    let programs = Programs::find().unwrap();
    for cluster in ["nats/cluster.conf", "nats-cluster/cluster.conf"] {
        let directory = tempfile::tempdir().unwrap();
        let files = ["nats/nats.conf", "nats/users.conf", "nats/permissions.conf", cluster];
        let store = directory.path().join("data").display().to_string();
        copy(directory.path(), &files, &[("/data", &store)]);
        let mut check = Command::new(&programs.nats);
        check.arg("-t").arg("-c").arg(directory.path().join("nats.conf")).env("POD_NAME", "nats-0");
        for user in ["TICKETS", "ORDERS", "EXPIRATION", "PAYMENTS", "CLIENT", "CONSOLE", "ADMIN", "ROUTE"] {
            check.env(format!("{user}_PASSWORD"), PASSWORD);
        }
        for (nth, route) in ["ROUTE_0", "ROUTE_1", "ROUTE_2"].iter().enumerate() {
            check.env(route, format!("nats://route:{PASSWORD}@nats-{nth}:6222"));
        }
        let output = check.output().unwrap();
        assert!(output.status.success(), "{cluster}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

#[tokio::test]
async fn redis_starts_as_it_is_configured_and_lets_the_schedules_user_in_with_its_own_commands_only() {
    let programs = Programs::find().unwrap();
    let directory = tempfile::tempdir().unwrap();
    let here = directory.path().display().to_string();
    let changes = [
        ("/run/valkey", here.as_str()),
        ("dir /data", &format!("dir {here}")),
        ("#EXPIRATION_SHA256", &format!(">{PASSWORD}")),
        ("#ADMIN_SHA256", &format!(">{PASSWORD}")),
    ];
    copy(directory.path(), &["redis/valkey.conf", "redis/users.acl"], &changes);
    let port = free_port().unwrap();
    let mut server = tokio::process::Command::new(&programs.redis);
    server.arg(directory.path().join("valkey.conf")).args(["--port", &port.to_string()]);
    let _server = server.kill_on_drop(true).stdout(std::process::Stdio::null()).spawn().unwrap();
    let open =
        |user: &str| redis::Client::open(format!("redis://{user}:{PASSWORD}@127.0.0.1:{port}")).unwrap();
    let mut expiration = eventually("Redis lets the user in", Duration::from_secs(20), async || {
        open("expiration").get_multiplexed_async_connection().await.map_err(|error| error.to_string())
    })
    .await;
    let added: i64 = redis::cmd("ZADD")
        .arg("{ticketing:order:expiration}:due")
        .arg(1)
        .arg("o-1")
        .query_async(&mut expiration)
        .await
        .unwrap();
    assert_eq!(added, 1);
    for refused in [&["FLUSHALL"][..], &["KEYS", "*"], &["CONFIG", "GET", "maxmemory"], &["ACL", "LIST"]] {
        let (name, arguments) = refused.split_first().unwrap();
        let answer: redis::RedisResult<redis::Value> =
            redis::cmd(name).arg(arguments).query_async(&mut expiration).await;
        let error = answer.unwrap_err().to_string();
        assert!(error.to_lowercase().contains("permission"), "{refused:?}: {error}");
    }
}

#[test]
fn the_schedules_user_may_do_whatever_its_scripts_call() {
    let users = component("redis/users.acl");
    let line = users.lines().find(|line| line.starts_with("user expiration ")).unwrap();
    let allowed: Vec<&str> = line.split(' ').filter_map(|word| word.strip_prefix('+')).collect();
    let mut called = 0;
    for entry in fs::read_dir(paths::repository().join("crates/expiration/src/schedule")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "lua") {
            continue;
        }
        for call in fs::read_to_string(&path).unwrap().split("redis.call('").skip(1) {
            let command = call.split('\'').next().unwrap().to_lowercase();
            assert!(allowed.contains(&command.as_str()), "{} calls {command}", path.display());
            called += 1;
        }
    }
    assert!(called > 10, "only {called} calls were found");
}

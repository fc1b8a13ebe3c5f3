import * as jetstream from "@nats-io/jetstream";
import * as nats from "@nats-io/transport-node";
import Bull from "bull";

import { main } from "../shared.js";

const QUEUE = "expiration";

function createQueue({ redisUrl, concurrency, expire, onError }) {
    const redis = {
        maxRetriesPerRequest: null,
        enableReadyCheck: false,
        // Bull's own waits up to 20 s once Redis has been away for a while.
        retryStrategy: (times) => Math.min(times * 50, 500),
    };

    // Two queues of the same name: an add never stands in line behind the commands of the jobs.
    const producer = new Bull(QUEUE, redisUrl, {
        redis,
        defaultJobOptions: {
            attempts: 100,
            backoff: { type: "fixed", delay: 1_000 },
            removeOnComplete: true,
            removeOnFail: 1_000,
        },
    });
    const worker = new Bull(QUEUE, redisUrl, {
        redis,
        settings: { stalledInterval: 5_000, lockDuration: 10_000, maxStalledCount: 10, guardInterval: 5_000, drainDelay: 5 },
    });
    producer.on("error", onError);
    worker.on("error", onError);
    worker.on("failed", (_job, error) => onError(error));

    async function start() {
        worker.process(concurrency, (job) => expire(job.data.orderId)).catch(onError);
        await Promise.all([producer.client.ping(), worker.client.ping(), worker.bclient.ping(), worker.eclient.ping()]);
    }

    async function add(orders) {
        const now = Date.now();
        const jobs = await producer.addBulk(
            orders.map(({ id, expiresAtMs }) => ({
                data: { orderId: id },
                // Bull adds the delay to the timestamp: with the same `now` in both, the due time is exactly expiresAt.
                opts: { jobId: id, timestamp: now, delay: Math.max(0, expiresAtMs - now) },
            })),
        );
        // addBulk drops the errors of single commands; the id that Redis answers with is the confirmation.
        return jobs.map((job, i) => job.id === orders[i].id);
    }

    async function close() {
        await worker.close();
        await producer.close();
    }

    return { start, add, close };
}

main({ nats, jetstream, createQueue });

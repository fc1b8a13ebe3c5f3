import * as jetstream from "@nats-io/jetstream";
import * as nats from "@nats-io/transport-node";
import { DelayedError, Queue, Worker } from "bullmq";

import { main } from "../shared.js";

const QUEUE = "expiration";
const RETRY_MS = 1_000;

function createQueue({ redisUrl, concurrency, expire, onError }) {
    const connection = {
        url: redisUrl,
        maxRetriesPerRequest: null,
        // BullMQ's own waits from 1 s up to 20 s.
        retryStrategy: (times) => Math.min(times * 50, 500),
    };

    const producer = new Queue(QUEUE, { connection, streams: { events: { maxLen: 100 } } });
    const worker = new Worker(QUEUE, expireJob, {
        connection,
        autorun: false,
        concurrency,
        drainDelay: 5,
        stalledInterval: 5_000,
        lockDuration: 10_000,
        maxStalledCount: 10,
        removeOnComplete: { count: 0 },
        removeOnFail: { count: 1_000 },
    });
    producer.on("error", onError);
    worker.on("error", onError);
    worker.on("failed", (_job, error) => onError(error));

    async function expireJob(job, token) {
        try {
            await expire(job.data.orderId);
        } catch (error) {
            onError(error);
            // Tried again until it is stored. `attempts` with `backoff` would do the same a bounded number of times, but
            // they are kept in every job: 750 bytes of Redis for each instead of 390.
            await job.moveToDelayed(Date.now() + RETRY_MS, token);
            throw new DelayedError();
        }
    }

    async function start() {
        await Promise.all([producer.waitUntilReady(), worker.waitUntilReady()]);
        worker.run().catch(onError);
    }

    async function add(orders) {
        await producer.addBulk(
            orders.map(({ id, expiresAtMs }) => ({
                name: "expire",
                data: { orderId: id },
                opts: { jobId: toJobId(id), delay: Math.max(0, expiresAtMs - Date.now()) },
            })),
        );
        // addBulk throws unless Redis confirmed every one.
        return orders.map(() => true);
    }

    async function close() {
        await worker.close();
        await producer.close();
    }

    return { start, add, close };
}

/** BullMQ refuses ids that read as integers; a dot never occurs in an order id. */
function toJobId(orderId) {
    return /^\d+$/.test(orderId) ? `.${orderId}` : orderId;
}

main({ nats, jetstream, createQueue });

// What the peers do alike, which is everything but the queue: read the environment, consume `order:created`, publish
// `expiration:complete`, print the ready line, close on a signal.
//
// The NATS modules come in as arguments: each peer installs its own, and this folder has no node_modules.

const CREATED = "order:created";
const COMPLETE = "expiration:complete";
const DURABLE = "expiration-order-created";
const ORDER_ID = /^[A-Za-z0-9_-]{1,64}$/;

// Consuming. The client asks for more while three quarters are still to come, so it never waits for the broker.
const PULL_MESSAGES = 2_000;
// Adding. Messages that arrived together are added together, and several such chunks are on their way at once.
const CHUNK = 500;
const CHUNKS_IN_FLIGHT = 4;
const REDELIVERY_MS = 1_000;
const PUB_ACK_TIMEOUT_MS = 3_000;

/**
 * Runs a peer until SIGTERM or SIGINT, then exits.
 *
 * `createQueue({ redisUrl, concurrency, expire, onError })` answers an object of three functions:
 * - `start()` resolves when due jobs are being processed, by `await expire(orderId)`;
 * - `add(orders)` takes `[{ id, expiresAtMs }]` and resolves to an array that tells for each whether Redis confirmed it;
 * - `close()` waits for the jobs in hand.
 */
export async function main(dependencies) {
    try {
        await run(dependencies);
        process.exit(0);
    } catch (error) {
        console.error(error);
        process.exit(1);
    }
}

async function run({ nats, jetstream, createQueue }) {
    const {
        NATS_URL = "nats://127.0.0.1:4222",
        NATS_CLUSTER_ID = "ticketing",
        REDIS_URL = "redis://127.0.0.1:6379",
        PEER_CONCURRENCY = "200",
    } = process.env;

    const connection = await nats.connect({
        servers: NATS_URL.split(","),
        name: "expiration-peer",
        maxReconnectAttempts: -1,
        reconnectTimeWait: 250,
        // Otherwise every request makes an Error beforehand, to have a stack in case it fails.
        noAsyncTraces: true,
    });
    const js = jetstream.jetstream(connection, { timeout: PUB_ACK_TIMEOUT_MS });

    const queue = createQueue({
        redisUrl: REDIS_URL,
        concurrency: Number(PEER_CONCURRENCY),
        // Resolves at the PubAck; a PubAck marked duplicate means stored as well.
        expire: (orderId) =>
            js.publish(COMPLETE, JSON.stringify({ orderId }), { msgID: `${COMPLETE}:${orderId}` }),
        onError: logError,
    });
    await queue.start();

    const consumer = await openConsumer({ nats, jetstream, connection, js, stream: `${NATS_CLUSTER_ID}-orders` });
    const intake = createIntake(queue.add);
    const messages = await consumer.consume({ max_messages: PULL_MESSAGES, callback: intake.push });
    process.stdout.write("ready\n");

    await new Promise((resolve, reject) => {
        process.once("SIGTERM", resolve);
        process.once("SIGINT", resolve);
        messages.closed().then((cause) => reject(cause ?? new Error("consuming ended by itself")));
    });
    messages.stop();
    await intake.finish();
    await queue.close();
    await connection.drain();
}

async function openConsumer({ nats, jetstream, connection, js, stream }) {
    const manager = await jetstream.jetstreamManager(connection);
    try {
        await manager.consumers.info(stream, DURABLE);
    } catch (error) {
        if (error.code !== jetstream.JetStreamApiCodes.ConsumerNotFound) throw error;
        await manager.consumers.add(stream, {
            durable_name: DURABLE,
            filter_subject: CREATED,
            deliver_policy: jetstream.DeliverPolicy.All,
            ack_policy: jetstream.AckPolicy.Explicit,
            ack_wait: nats.nanos(30_000),
            max_ack_pending: 10_000,
            max_deliver: -1,
        });
    }
    return js.consumers.get(stream, DURABLE);
}

/** Gathers what one turn of the event loop brought, adds it in chunks, and acks what Redis confirmed. */
function createIntake(add) {
    let waiting = [];
    let inFlight = 0;
    let scheduled = false;
    let finished = null;

    // What waits here needs no bound of its own: the consumer's max_ack_pending is one.
    function push(message) {
        waiting.push(message);
        if (!scheduled) {
            scheduled = true;
            setImmediate(flush);
        }
    }

    function flush() {
        scheduled = false;
        while (waiting.length > 0 && inFlight < CHUNKS_IN_FLIGHT) {
            inFlight += 1;
            settle(waiting.splice(0, CHUNK)).finally(() => {
                inFlight -= 1;
                flush();
            });
        }
        if (finished && waiting.length === 0 && inFlight === 0) finished();
    }

    async function settle(chunk) {
        const messages = [];
        const orders = [];
        for (const message of chunk) {
            const order = decode(message);
            if (order) {
                messages.push(message);
                orders.push(order);
            } else {
                message.term(`not an ${CREATED}`);
            }
        }
        try {
            const confirmed = await add(orders);
            messages.forEach((message, i) => (confirmed[i] ? message.ack() : message.nak(REDELIVERY_MS)));
        } catch (error) {
            logError(error);
            messages.forEach((message) => message.nak(REDELIVERY_MS));
        }
    }

    function finish() {
        return new Promise((resolve) => {
            finished = resolve;
            flush();
        });
    }

    return { push, finish };
}

function decode(message) {
    try {
        const { id, expiresAt } = message.json();
        const expiresAtMs = Date.parse(expiresAt);
        if (ORDER_ID.test(id) && Number.isFinite(expiresAtMs)) return { id, expiresAtMs };
        logError(new Error(`message ${message.seq} is no ${CREATED}`));
    } catch (error) {
        logError(error);
    }
    return null;
}

function logError(error) {
    console.error(`${error?.name ?? "Error"}: ${error?.message ?? error}`);
}

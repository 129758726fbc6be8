// kafkajs against a cluster: admin and producers. It has no consumer without a group, so what was acknowledged is counted by offsets.
// Status 0 if all of it worked.
const { Kafka, CompressionTypes, logLevel } = require("kafkajs");

const topic = "kafkajs-client";
const batches = 20;
const batchSize = 50;
let failures = 0;

async function step(name, body) {
  try {
    console.log(`ok    ${name}: ${await body()}`);
  } catch (error) {
    failures++;
    console.log(`FAIL  ${name}: ${error.name}: ${error.message}`);
  }
}

function expect(condition, what) {
  if (!condition) throw new Error(what);
}

async function main() {
  const kafka = new Kafka({ clientId: "clients", brokers: process.argv[2].split(","), logLevel: logLevel.ERROR });
  const admin = kafka.admin();
  await admin.connect();
  await step("describe the cluster", async () => `${(await admin.describeCluster()).brokers.length} nodes`);
  await step("create a topic", async () => {
    const configEntries = [{ name: "min.insync.replicas", value: "2" }];
    const created = await admin.createTopics({ topics: [{ topic, numPartitions: 3, replicationFactor: 3, configEntries }] });
    expect(created, "it was there already");
    return "3 partitions";
  });
  await step("add a partition", async () => {
    await admin.createPartitions({ topicPartitions: [{ topic, count: 4 }] });
    return 4;
  });
  await step("describe a configuration", async () => {
    const found = await admin.describeConfigs({ resources: [{ type: 2, name: topic, configNames: ["min.insync.replicas"] }] });
    return found.resources[0].configEntries[0].configValue;
  });
  let sent = 0;
  for (const idempotent of [false, true]) {
    for (const [name, compression] of [["none", CompressionTypes.None], ["gzip", CompressionTypes.GZIP]]) {
      const producer = kafka.producer({ idempotent, maxInFlightRequests: 1 });
      await step(`produce, ${name}${idempotent ? ", idempotent" : ""}`, async () => {
        await producer.connect();
        for (let batch = 0; batch < batches; batch++) {
          const messages = Array.from({ length: batchSize }, (_, i) => ({ key: `key ${i}`, value: `${name} ${batch} ${i}` }));
          await producer.send({ topic, acks: -1, compression, messages });
          sent += batchSize;
        }
        await producer.disconnect();
        return `${batches * batchSize} acknowledged`;
      });
    }
  }
  await step("look offsets up", async () => {
    const ends = (await admin.fetchTopicOffsets(topic)).reduce((sum, each) => sum + Number(each.high), 0);
    expect(ends === sent, `${ends} records for ${sent} that were acknowledged`);
    return ends;
  });
  await step("delete records", async () => {
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: "5" }] });
    const first = (await admin.fetchTopicOffsets(topic)).find((each) => each.partition === 0);
    expect(first.low === "5", `the log begins at ${first.low}`);
    return first.low;
  });
  await step("delete the topic", async () => {
    await admin.deleteTopics({ topics: [topic] });
    return topic;
  });
  await admin.disconnect();
  process.exit(failures === 0 ? 0 : 1);
}

main();

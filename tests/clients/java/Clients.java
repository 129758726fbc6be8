// The Java client against a cluster: admin, producers of every compression, a consumer by assignment. Status 0 if all of it worked.
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.Future;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.AlterConfigOp;
import org.apache.kafka.clients.admin.ConfigEntry;
import org.apache.kafka.clients.admin.NewPartitionReassignment;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.NewTopic;
import org.apache.kafka.clients.admin.OffsetSpec;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.clients.producer.RecordMetadata;
import org.apache.kafka.common.ElectionType;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.config.ConfigResource;
import org.apache.kafka.common.serialization.StringDeserializer;
import org.apache.kafka.common.serialization.StringSerializer;

public class Clients {
  static final String TOPIC = "java-client";
  static final int RECORDS = 5000;
  static final List<String> COMPRESSIONS = List.of("none", "gzip", "snappy", "lz4", "zstd");
  static int failures = 0;

  interface Step {
    String run() throws Exception;
  }

  static void step(String name, Step body) {
    try {
      System.out.println("ok    " + name + ": " + body.run());
    } catch (Exception error) {
      failures++;
      System.out.println("FAIL  " + name + ": " + (error.getCause() == null ? error : error.getCause()));
    }
  }

  static void expect(boolean condition, String what) {
    if (!condition) throw new IllegalStateException(what);
  }

  static Properties at(String servers) {
    Properties properties = new Properties();
    properties.put("bootstrap.servers", servers);
    return properties;
  }

  static void administer(Admin admin) {
    ConfigResource topic = new ConfigResource(ConfigResource.Type.TOPIC, TOPIC);
    step("describe the cluster", () -> admin.describeCluster().nodes().get().size() + " nodes");
    step("create a topic", () -> {
      var created = admin.createTopics(List.of(new NewTopic(TOPIC, 3, (short) 3).configs(Map.of("min.insync.replicas", "2"))));
      created.all().get();
      return created.numPartitions(TOPIC).get() + " partitions";
    });
    step("add a partition", () -> {
      admin.createPartitions(Map.of(TOPIC, NewPartitions.increaseTo(4))).all().get();
      return "4";
    });
    step("change a configuration", () -> {
      var retention = new AlterConfigOp(new ConfigEntry("retention.ms", "1000000"), AlterConfigOp.OpType.SET);
      admin.incrementalAlterConfigs(Map.of(topic, List.of(retention))).all().get();
      String value = admin.describeConfigs(List.of(topic)).all().get().get(topic).get("retention.ms").value();
      expect(value.equals("1000000"), "retention.ms is " + value);
      return value;
    });
    step("move a partition", () -> {
      var to = Optional.of(new NewPartitionReassignment(List.of(1, 2)));
      admin.alterPartitionReassignments(Map.of(new TopicPartition(TOPIC, 3), to)).all().get();
      return admin.listPartitionReassignments().reassignments().get().size() + " under way";
    });
    step("elect preferred leaders", () -> admin.electLeaders(ElectionType.PREFERRED, null).partitions().get().size() + " moved");
    step("describe the quorum", () -> admin.describeMetadataQuorum().quorumInfo().get().voters().size() + " voters");
    step("describe features", () -> "" + admin.describeFeatures().featureMetadata().get().finalizedFeatures());
    step("describe log directories", () -> admin.describeLogDirs(List.of(1)).allDescriptions().get().get(1).size() + " of broker 1");
  }

  static void produce(String servers, String compression) {
    step("produce, " + compression, () -> {
      Properties properties = at(servers);
      properties.put("acks", "all");
      properties.put("compression.type", compression);
      properties.put("linger.ms", "5");
      try (var producer = new KafkaProducer<>(properties, new StringSerializer(), new StringSerializer())) {
        List<Future<RecordMetadata>> sent = new ArrayList<>();
        for (int i = 0; i < RECORDS; i++) sent.add(producer.send(new ProducerRecord<>(TOPIC, "key " + i, compression + " " + i)));
        for (Future<RecordMetadata> each : sent) each.get();
      }
      return RECORDS + " acknowledged";
    });
  }

  static void consume(String servers) {
    int wanted = RECORDS * COMPRESSIONS.size();
    step("consume", () -> {
      try (var consumer = new KafkaConsumer<>(at(servers), new StringDeserializer(), new StringDeserializer())) {
        List<TopicPartition> partitions =
            consumer.partitionsFor(TOPIC).stream().map(each -> new TopicPartition(TOPIC, each.partition())).toList();
        consumer.assign(partitions);
        consumer.seekToBeginning(partitions);
        long end = consumer.endOffsets(partitions).values().stream().mapToLong(each -> each).sum();
        Set<String> values = new HashSet<>();
        for (int read = 0; read < end; ) {
          var records = consumer.poll(Duration.ofSeconds(10));
          expect(!records.isEmpty(), "nothing more after " + read + " of " + end + " records");
          read += records.count();
          for (var record : records) values.add(record.value());
        }
        expect(end == wanted && values.size() == wanted, end + " records, " + values.size() + " of them different");
        return values.size() + " records, each once";
      }
    });
  }

  public static void main(String[] arguments) {
    String servers = arguments[0];
    try (Admin admin = Admin.create(at(servers))) {
      administer(admin);
      for (String compression : COMPRESSIONS) produce(servers, compression);
      consume(servers);
      TopicPartition first = new TopicPartition(TOPIC, 0);
      step("look offsets up", () -> "" + admin.listOffsets(Map.of(first, OffsetSpec.maxTimestamp())).all().get().get(first).offset());
      step("delete records", () -> {
        long start = admin.deleteRecords(Map.of(first, RecordsToDelete.beforeOffset(10))).lowWatermarks().get(first).get().lowWatermark();
        expect(start == 10, "the log begins at " + start);
        return "" + start;
      });
      step("delete the topic", () -> {
        admin.deleteTopics(List.of(TOPIC)).all().get();
        return TOPIC;
      });
    }
    System.exit(failures == 0 ? 0 : 1);
  }
}

"""The APIs of the broker: names, and the versions it decodes."""
RANGES = {0: (3, 12), 1: (4, 17), 2: (1, 8), 3: (0, 12), 10: (0, 5), 18: (0, 4), 19: (2, 7), 20: (1, 6), 21: (0, 2), 22: (0, 5),
          23: (2, 4), 32: (1, 4), 33: (0, 2), 35: (1, 4), 37: (0, 3), 43: (0, 2), 44: (0, 1), 45: (0, 0), 46: (0, 0),
          55: (0, 2), 56: (2, 3), 57: (0, 2), 60: (0, 2), 62: (0, 4), 63: (0, 1), 64: (0, 0), 67: (0, 0), 75: (0, 0), 80: (0, 0),
          81: (0, 0)}
NAMES = {0: "Produce", 1: "Fetch", 2: "ListOffsets", 3: "Metadata", 10: "FindCoordinator", 18: "ApiVersions", 19: "CreateTopics",
         20: "DeleteTopics", 21: "DeleteRecords", 22: "InitProducerId", 23: "OffsetForLeaderEpoch", 32: "DescribeConfigs",
         33: "AlterConfigs", 35: "DescribeLogDirs", 37: "CreatePartitions", 43: "ElectLeaders", 44: "IncrementalAlterConfigs",
         45: "AlterPartitionReassignments", 46: "ListPartitionReassignments", 55: "DescribeQuorum",
         56: "AlterPartition", 57: "UpdateFeatures", 60: "DescribeCluster", 62: "BrokerRegistration", 63: "BrokerHeartbeat",
         64: "UnregisterBroker", 67: "AllocateProducerIds", 75: "DescribeTopicPartitions", 80: "AddRaftVoter", 81: "RemoveRaftVoter"}

// A scenario: what is put on trial, what is done to it, and what must hold. Plain data.
//
// A run is a pure function of a scenario and a seed. What may differ from seed to seed is written as a Range, a list of choices,
// or a family of drawn faults; draw.h turns those into the explicit faults and values of one seed, which again make a scenario.
// docs/SCENARIOS.md is the reference; fields.h says under which names the members are read and written.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/exhibit.h"
#include "base/random.h"
#include "base/time.h"
#include "checkers/verdict.h"
#include "scenarios/fault_kind.h"

namespace faultline::scenarios {

/// A value of the broker's configuration, as text, whatever its type in the file.
struct ConfigText {
  std::string text;

  bool operator==(const ConfigText&) const = default;
};
using ConfigMap = std::map<std::string, ConfigText>;

struct Cluster {
  Range<std::int64_t> brokers{1, 1};
  Range<std::int64_t> voters{0, 0};  // of the quorum; 0: as many as brokers, three at most, an odd number
  bool controllers_apart = false;    // voters are processes of their own; else the first brokers
  std::int64_t racks = 0;            // brokers are spread over so many; 0: none
  ConfigMap config;                  // Kafka's names

  bool operator==(const Cluster&) const = default;
};

/// The links between nodes when no fault is in force.
struct NetworkModel {
  Range<Duration> latency{100us, 500us};

  bool operator==(const NetworkModel&) const = default;
};

/// The disks of the brokers when no fault is in force.
struct DiskModel {
  Range<Duration> read_latency{50us, 200us};
  Range<Duration> write_latency{20us, 100us};
  Range<Duration> sync_latency{200us, 2ms};
  std::int64_t capacity_bytes = 0;  // 0: unlimited

  bool operator==(const DiskModel&) const = default;
};

struct Topic {
  std::string name;
  std::int64_t partitions = 1;
  std::int64_t replication = 0;  // 0: as many as brokers, three at most
  ConfigMap config;

  bool operator==(const Topic&) const = default;
};

enum class Acks : std::uint8_t { none, leader, all };
enum class Codec : std::uint8_t { none, gzip, snappy, lz4, zstd };

/// `count` clients that each send `batch` records, wait for `every`, and send again.
struct Producer {
  std::string name;
  std::int64_t count = 1;
  std::vector<std::string> topics;  // empty: all
  Range<Duration> every{10ms, 50ms};
  Range<std::int64_t> batch{1, 5};
  std::int64_t keys = 0;  // distinct keys; 0: records without a key
  Range<std::int64_t> value_bytes{16, 200};
  Acks acks = Acks::all;
  bool idempotent = true;                  // where acks is all
  std::vector<Codec> codecs{Codec::none};  // one is drawn for each send
  std::int64_t in_flight = 1;              // sends that may be under way at once
  Duration request_timeout = 1s;
  Duration delivery_timeout = 5s;
  std::int64_t sends = 0;  // how many in all; 0: until the end

  bool operator==(const Producer&) const = default;
};

enum class StartAt : std::uint8_t { earliest, latest };

/// `count` clients that each read every partition of their topics, by assignment.
struct Consumer {
  std::string name;
  std::int64_t count = 1;
  std::vector<std::string> topics;  // empty: all
  StartAt start = StartAt::earliest;
  Range<Duration> every{1ms, 20ms};  // between polls
  Duration max_wait = 200ms;
  std::int64_t min_bytes = 1;
  std::int64_t max_bytes = 1 << 20;
  Duration seek_every{};  // on average; 0s: never

  bool operator==(const Consumer&) const = default;
};

enum class AdminAction : std::uint8_t {
  create_topic,
  delete_topic,
  create_partitions,
  delete_records,
  list_offsets,
  reassign,          // a partition's replicas move to other brokers
  alter_config,      // a topic of the scenario gets other settings, of those that promise nothing
  preferred_leader,  // a partition is led by the first of its replicas again, if that is in sync
  change_voters,     // a voter of the quorum is removed, or one that is none any more is added again
};

/// `count` clients that each do one of `actions` every so often, on topics of their own; what concerns records and replicas on those of the scenario.
struct Admin {
  std::string name;
  std::int64_t count = 1;
  Range<Duration> every{200ms, 2s};
  std::vector<AdminAction> actions{AdminAction::create_topic, AdminAction::delete_topic};

  bool operator==(const Admin&) const = default;
};

/// A fault with those parameters that the scenario states; the rest is in fault_infos().
struct FaultParameters {
  std::string node;  // "broker-0", "reader-1", one of "brokers", "controllers", "clients", or a target; empty: one of the brokers
  std::string peer;  // the other end of a link, or all other "servers", "all brokers", "all voters"; empty: all other nodes
  std::optional<Range<Duration>> delay;  // between the moment when somebody who was waited for is there, and the fault
  std::optional<Range<Duration>> lasts;
  std::optional<Range<Duration>> restart_after;
  std::optional<Range<Duration>> latency;
  std::optional<Range<Duration>> by;
  std::optional<Range<std::int64_t>> count;
  std::optional<Range<std::int64_t>> ppm;
  std::optional<Range<std::int64_t>> factor;
  std::optional<Ratio> share;
  std::string path;  // empty: any file

  bool operator==(const FaultParameters&) const = default;
};

/// A fault at a stated time, counted from the start of the trial (the cluster is up, its topics exist).
struct FaultSpec : FaultParameters {
  FaultKind kind = FaultKind::power_loss;
  Range<Duration> at;
  /// Names the streams of its draws, so that they stay when other faults go. Empty: kind and time.
  std::string id;

  bool operator==(const FaultSpec&) const = default;
};

/// Faults of one kind at random times: exponential intervals with the mean `every`.
struct FaultFamily : FaultParameters {
  std::optional<FaultKind> kind;  // empty: the one that the family is named after
  Duration every = 5s;

  bool operator==(const FaultFamily&) const = default;
};

struct Chaos {
  Duration from{};                  // when the first fault may begin
  std::optional<Duration> until{};  // when the last one may; empty: the end of the trial
  Ratio intensity{1, 1};            // 1/2: half as many faults of every family
  std::map<std::string, FaultFamily> families;

  bool operator==(const Chaos&) const = default;
};

/// A value of the broker's configuration that is drawn for each seed. Exactly one of the two is set.
struct Knob {
  std::optional<Range<std::int64_t>> range;
  std::vector<ConfigText> one_of;

  bool operator==(const Knob&) const = default;
};

/// What each seed switches on or off with even odds.
enum class SwarmGroup : std::uint8_t { chaos, knobs, clients };

/// Which judges look at the run, and what they require.
struct Checks {
  bool log = true;                        // the history of the clients
  bool invariants = true;                 // the logs of the brokers, from the inside
  std::optional<Duration> produce_p99{};  // 99 of 100 sends are acknowledged within it
  std::vector<std::string> tolerate;      // and duplicates, unless every producer is idempotent
  checkers::Requirements require;

  bool operator==(const Checks&) const = default;
};

/// What the run must come to. Without a finding: valid.
struct Expect {
  std::string finding;            // the anomaly that must be found
  std::optional<Ratio> share;     // in this share of the seeds; empty: in at least one
  std::vector<std::string> also;  // anomalies that may come with it

  bool operator==(const Expect&) const = default;
};

/// Who has to make progress after the faults.
enum class CoreKind : std::uint8_t {
  all,       // everybody is well again
  majority,  // first a majority of voters and brokers, drawn, while the rest is frozen; then everybody
  either,    // one of the two, drawn
};

struct Liveness {
  Duration bound = 30s;  // after everything healed, all reads must be done within it; of a majority as well, before that
  std::optional<Duration> write_stall{};  // how long a partition that is written to may take no write, faults or not
  CoreKind core = CoreKind::all;
  std::int64_t min_demanded = 0;  // partitions of which a majority must owe progress, or the run is vacuous

  bool operator==(const Liveness&) const = default;
};

struct Scenario {
  std::string name;         // that of the file unless it is stated
  Duration duration = 30s;  // of the trial; healing and final reads come after it
  /// Mistakes that every broker of the run makes.
  std::vector<Exhibit> exhibits;
  Cluster cluster;
  NetworkModel network;
  DiskModel disk;
  std::vector<Topic> topics;
  std::vector<Producer> producers;
  std::vector<Consumer> consumers;
  std::vector<Admin> admins;
  std::vector<FaultSpec> faults;
  Chaos chaos;
  std::map<std::string, Knob> knobs;
  std::vector<SwarmGroup> swarm;
  Checks checks;
  Expect expect;
  Liveness liveness;

  bool operator==(const Scenario&) const = default;
};

/// The kind of a family: stated, or else the one that it is named after.
std::optional<FaultKind> family_kind(std::string_view name, const FaultFamily& family);

/// The names of all nodes of a scenario: "broker-0", "controller-0" if controllers are apart, then "NAME-0", "NAME-1" for each client.
/// Of a scenario that is not drawn: as many as there can be.
std::vector<std::string> broker_names(const Scenario& scenario);
/// Brokers, then controllers that are processes of their own.
std::vector<std::string> server_names(const Scenario& scenario);
/// Those servers that are the quorum's first voters.
std::vector<std::string> voter_names(const Scenario& scenario);
/// How many replicas the partitions of a topic have.
std::int64_t replication_of(const Scenario& scenario, const Topic& topic);
std::vector<std::string> client_names(const Scenario& scenario);

}  // namespace faultline::scenarios

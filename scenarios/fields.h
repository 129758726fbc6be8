// Which key of the file is which member of the scenario: said once, for the reader and the writer.
//
// describe(visitor, type_identity<S>) calls visitor(key, &S::member, limits) for each member of S. A key that is not here does not
// exist: the reader refuses it.
#pragma once

#include <cstdint>
#include <limits>
#include <type_traits>

#include "scenarios/scenario.h"

namespace faultline::scenarios {

/// What a value must satisfy by itself. Of a duration: nanoseconds; of a range: both ends; of an array: each item.
struct Limits {
  std::int64_t min = 0;
  std::int64_t max = std::numeric_limits<std::int64_t>::max();
  bool required = false;
};

inline constexpr Limits required{.required = true};
inline constexpr Limits at_least_one{.min = 1};
inline constexpr Limits any_sign{.min = std::numeric_limits<std::int64_t>::min()};
/// A thousand nodes are far more than a seed is worth.
inline constexpr Limits node_count{.min = 1, .max = 1000};

/// Visits anything: for asking whether a type is described.
struct AnyVisitor {
  template <class... Arguments>
  void operator()(Arguments&&...) {}
  template <class Member>
  void rest(Member&&) {}
};

template <class V>
void describe(V& v, std::type_identity<Cluster>) {
  v("brokers", &Cluster::brokers, Limits{.min = 1, .max = 100});
  v("voters", &Cluster::voters, Limits{.min = 0, .max = 9});
  v("controllers_apart", &Cluster::controllers_apart);
  v("racks", &Cluster::racks, Limits{.min = 0, .max = 100});
  v("config", &Cluster::config);
}

template <class V>
void describe(V& v, std::type_identity<NetworkModel>) {
  v("latency", &NetworkModel::latency);
}

template <class V>
void describe(V& v, std::type_identity<DiskModel>) {
  v("read_latency", &DiskModel::read_latency);
  v("write_latency", &DiskModel::write_latency);
  v("sync_latency", &DiskModel::sync_latency);
  v("capacity_bytes", &DiskModel::capacity_bytes);
}

template <class V>
void describe(V& v, std::type_identity<Topic>) {
  v("name", &Topic::name, required);
  v("partitions", &Topic::partitions, Limits{.min = 1, .max = 1000});
  v("replication", &Topic::replication, Limits{.min = 0, .max = 100});
  v("config", &Topic::config);
}

template <class V>
void describe(V& v, std::type_identity<Producer>) {
  v("name", &Producer::name, required);
  v("count", &Producer::count, node_count);
  v("topics", &Producer::topics);
  v("every", &Producer::every);
  v("batch", &Producer::batch, Limits{.min = 1, .max = 10'000});
  v("keys", &Producer::keys);
  v("value_bytes", &Producer::value_bytes, Limits{.min = 8, .max = 16 << 20});  // the value's number takes 8
  v("acks", &Producer::acks);
  v("idempotent", &Producer::idempotent);
  v("codecs", &Producer::codecs);
  v("in_flight", &Producer::in_flight, Limits{.min = 1, .max = 1000});
  v("request_timeout", &Producer::request_timeout, at_least_one);
  v("delivery_timeout", &Producer::delivery_timeout, at_least_one);
  v("sends", &Producer::sends);
}

template <class V>
void describe(V& v, std::type_identity<Consumer>) {
  v("name", &Consumer::name, required);
  v("count", &Consumer::count, node_count);
  v("topics", &Consumer::topics);
  v("start", &Consumer::start);
  v("every", &Consumer::every);
  v("max_wait", &Consumer::max_wait);
  v("min_bytes", &Consumer::min_bytes);
  v("max_bytes", &Consumer::max_bytes, Limits{.min = 1, .max = 1 << 30});
  v("seek_every", &Consumer::seek_every);
}

template <class V>
void describe(V& v, std::type_identity<Admin>) {
  v("name", &Admin::name, required);
  v("count", &Admin::count, node_count);
  v("every", &Admin::every);
  v("actions", &Admin::actions);
}

template <class V>
void describe_parameters(V& v) {
  v("node", &FaultParameters::node);
  v("peer", &FaultParameters::peer);
  v("delay", &FaultParameters::delay);
  v("for", &FaultParameters::lasts);
  v("restart_after", &FaultParameters::restart_after);
  v("latency", &FaultParameters::latency);
  v("by", &FaultParameters::by, any_sign);
  v("count", &FaultParameters::count, at_least_one);
  v("ppm", &FaultParameters::ppm, Limits{.min = -500'000, .max = 1'000'000});
  v("factor", &FaultParameters::factor, Limits{.min = 2, .max = 1000});
  v("share", &FaultParameters::share);
  v("path", &FaultParameters::path);
}

template <class V>
void describe(V& v, std::type_identity<FaultSpec>) {
  v("at", &FaultSpec::at, required);
  v("kind", &FaultSpec::kind, required);
  v("id", &FaultSpec::id);
  describe_parameters(v);
}

template <class V>
void describe(V& v, std::type_identity<FaultFamily>) {
  v("kind", &FaultFamily::kind);
  v("every", &FaultFamily::every, Limits{.min = 1'000'000});  // a millisecond: more faults than that are one long fault
  describe_parameters(v);
}

template <class V>
void describe(V& v, std::type_identity<Chaos>) {
  v("from", &Chaos::from);
  v("until", &Chaos::until);
  v("intensity", &Chaos::intensity);
  v.rest(&Chaos::families);
}

template <class V>
void describe(V& v, std::type_identity<Knob>) {
  v("one_of", &Knob::one_of, required);
}

template <class V>
void describe(V& v, std::type_identity<checkers::Requirements>) {
  using checkers::Requirements;
  v("min_acknowledged", &Requirements::min_acknowledged);
  v("min_records_read", &Requirements::min_records_read);
  v("min_read_share", &Requirements::min_read_share);
  v("max_indefinite_share", &Requirements::max_indefinite_share);
  v("min_faults_overlapping", &Requirements::min_faults_overlapping);
  v("every_partition_polled", &Requirements::every_partition_polled);
  v("every_partition_read_to_end", &Requirements::every_partition_read_to_end);
}

template <class V>
void describe(V& v, std::type_identity<Checks>) {
  v("log", &Checks::log);
  v("invariants", &Checks::invariants);
  v("produce_p99", &Checks::produce_p99, at_least_one);
  v("tolerate", &Checks::tolerate);
  v("require", &Checks::require);
}

template <class V>
void describe(V& v, std::type_identity<Expect>) {
  v("finding", &Expect::finding);
  v("share", &Expect::share);
  v("also", &Expect::also);
}

template <class V>
void describe(V& v, std::type_identity<Liveness>) {
  v("bound", &Liveness::bound, at_least_one);
  v("write_stall", &Liveness::write_stall, at_least_one);
  v("core", &Liveness::core);
  v("min_demanded", &Liveness::min_demanded);
}

template <class V>
void describe(V& v, std::type_identity<Scenario>) {
  v("name", &Scenario::name);
  v("duration", &Scenario::duration, Limits{.min = 1'000'000});
  v("exhibit", &Scenario::exhibits);
  v("swarm", &Scenario::swarm);
  v("cluster", &Scenario::cluster);
  v("network", &Scenario::network);
  v("disk", &Scenario::disk);
  v("topic", &Scenario::topics);
  v("producer", &Scenario::producers);
  v("consumer", &Scenario::consumers);
  v("admin", &Scenario::admins);
  v("chaos", &Scenario::chaos);
  v("fault", &Scenario::faults);
  v("knobs", &Scenario::knobs);
  v("checks", &Scenario::checks);
  v("expect", &Scenario::expect);
  v("liveness", &Scenario::liveness);
}

/// A type that is a table of the file.
template <class T>
concept Described = requires(AnyVisitor& visitor) { describe(visitor, std::type_identity<T>{}); };

}  // namespace faultline::scenarios

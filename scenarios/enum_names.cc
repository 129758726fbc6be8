#include "scenarios/enum_names.h"

#include <array>
#include <vector>

namespace faultline::scenarios {
namespace {

template <class Enum>
using Name = std::pair<Enum, std::string_view>;

constexpr std::array<Name<Acks>, 3> acks{{{Acks::none, "0"}, {Acks::leader, "1"}, {Acks::all, "all"}}};
constexpr std::array<Name<Codec>, 5> codecs{
    {{Codec::none, "none"}, {Codec::gzip, "gzip"}, {Codec::snappy, "snappy"}, {Codec::lz4, "lz4"}, {Codec::zstd, "zstd"}}};
constexpr std::array<Name<StartAt>, 2> starts{{{StartAt::earliest, "earliest"}, {StartAt::latest, "latest"}}};
constexpr std::array<Name<AdminAction>, 9> actions{{{AdminAction::create_topic, "create_topic"},
                                                    {AdminAction::delete_topic, "delete_topic"},
                                                    {AdminAction::create_partitions, "create_partitions"},
                                                    {AdminAction::delete_records, "delete_records"},
                                                    {AdminAction::list_offsets, "list_offsets"},
                                                    {AdminAction::reassign, "reassign"},
                                                    {AdminAction::alter_config, "alter_config"},
                                                    {AdminAction::preferred_leader, "preferred_leader"},
                                                    {AdminAction::change_voters, "change_voters"}}};
constexpr std::array<Name<SwarmGroup>, 3> groups{
    {{SwarmGroup::chaos, "chaos"}, {SwarmGroup::knobs, "knobs"}, {SwarmGroup::clients, "clients"}}};
constexpr std::array<Name<CoreKind>, 3> cores{
    {{CoreKind::all, "all"}, {CoreKind::majority, "majority"}, {CoreKind::either, "either"}}};

std::vector<Name<FaultKind>> fault_names() {
  std::vector<Name<FaultKind>> names;
  for (const FaultInfo& info : fault_infos()) names.emplace_back(info.kind, info.name);
  return names;
}

std::vector<Name<Exhibit>> exhibit_names() {
  std::vector<Name<Exhibit>> names;
  for (const ExhibitCard& card : exhibit_cards) names.emplace_back(card.exhibit, card.name);
  return names;
}

}  // namespace

EnumNames<Acks> names_of(Acks) { return acks; }
EnumNames<Codec> names_of(Codec) { return codecs; }
EnumNames<StartAt> names_of(StartAt) { return starts; }
EnumNames<AdminAction> names_of(AdminAction) { return actions; }
EnumNames<SwarmGroup> names_of(SwarmGroup) { return groups; }
EnumNames<CoreKind> names_of(CoreKind) { return cores; }
EnumNames<FaultKind> names_of(FaultKind) {
  static const std::vector<Name<FaultKind>> names = fault_names();
  return names;
}
EnumNames<Exhibit> names_of(Exhibit) {
  static const std::vector<Name<Exhibit>> names = exhibit_names();
  return names;
}

}  // namespace faultline::scenarios

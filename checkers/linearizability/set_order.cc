// Sets that only grow and are read whole, decided without a search: the sweep that decides logs, with sets for offsets.
//
// What the reads returned must be a chain, each set within the next. An element was added before the first read that has it and after the last
// one that has not. So everything has a place: adds by the first read that has the element, then the reads of that set. Going through
// the places in order, nothing can take effect before the latest invocation so far; what had ended by then has no place.
// Sets without such reads need none of this: their elements are judged one by one.
#include <algorithm>
#include <tuple>

#include "checkers/flat_index.h"
#include "checkers/linearizability/models.h"
#include "checkers/linearizability/text.h"

namespace faultline::linearizability {
namespace {

using Kind = SetInput::Kind;

class GrowingSet {
 public:
  GrowingSet(std::span<const SetOperation> operations, std::span<const Item> items)
      : operations_(operations), items_(items), index_(items.size()) {}

  std::optional<Decision> decide() {
    if (!collect()) return std::nullopt;
    if (!rank_elements() || !sweep()) decision_.valid = false;
    return std::move(decision_);
  }

 private:
  static constexpr std::uint32_t unseen = no_event;

  struct Element {
    Value value;
    std::uint32_t add;   // item
    std::uint32_t rank;  // the first read that has it
  };
  struct Place {
    std::uint32_t rank;
    bool read;
    std::uint32_t invoke;
    std::uint32_t item;

    auto key() const { return std::tie(rank, read, invoke); }
  };

  const std::vector<Value>& elements_of(std::uint32_t item) const { return operations_[items_[item].index].output.elements; }

  std::uint32_t row_of(Value value) const {
    return index_.find(mixed(value), [&](std::uint32_t row) { return elements_[row].value == value; });
  }

  // False if the algorithm does not apply.
  bool collect() {
    for (std::uint32_t i = 0; i < items_.size(); ++i) {
      const SetOperation& operation = operations_[items_[i].index];
      if (operation.input.kind == Kind::read) {
        reads_.push_back(i);
        continue;
      }
      const bool plain =
          operation.input.kind == Kind::add && (!operation.ok() || operation.output.answer != SetOutput::Answer::no);
      if (!plain || row_of(operation.input.element) != checkers::no_row) return false;
      elements_.push_back({operation.input.element, i, unseen});
      index_.insert(mixed(operation.input.element), static_cast<std::uint32_t>(elements_.size() - 1),
                    [&](std::uint32_t row) { return mixed(elements_[row].value); });
    }
    std::sort(reads_.begin(), reads_.end(), [&](std::uint32_t a, std::uint32_t b) {
      return std::tuple(elements_of(a).size(), a) < std::tuple(elements_of(b).size(), b);
    });
    return !reads_.empty();
  }

  // False if the reads are no chain, or one has what nobody added.
  bool rank_elements() {
    std::uint32_t rank = 0;
    std::size_t ranked = 0;
    for (std::size_t i = 0; i < reads_.size(); ++i) {
      const std::uint32_t read = reads_[i];
      std::size_t known = 0;
      if (i == 0 || elements_of(read).size() > ranked) ++rank;
      std::size_t added = 0;
      for (const Value value : elements_of(read)) {
        const std::uint32_t row = row_of(value);
        if (row == checkers::no_row) {
          decision_.suspects = {read};
          return false;
        }
        if (elements_[row].rank == unseen) {
          elements_[row].rank = rank;
          ++added;
        } else {
          ++known;
        }
      }
      // A value that is there twice counts as known already.
      if (known != ranked) {
        suspect_read(read);
        if (i > 0) suspect_read(reads_[i - 1]);
        return false;
      }
      ranked += added;
      places_.push_back({rank, true, items_[read].invoke, read});
      first_read_.resize(rank + 1, read);
    }
    return true;
  }

  bool sweep() {
    for (const Element& element : elements_) {
      const Item& add = items_[element.add];
      if (element.rank != unseen || !add.optional()) places_.push_back({element.rank, false, add.invoke, element.add});
    }
    std::sort(places_.begin(), places_.end(), [](const Place& a, const Place& b) { return a.key() < b.key(); });
    const Place* latest = nullptr;
    for (const Place& place : places_) {
      if (latest == nullptr || place.invoke > latest->invoke) latest = &place;
      if (latest->invoke > items_[place.item].completion) {
        suspect(*latest);
        suspect(place);
        return false;
      }
    }
    return true;
  }

  void suspect(const Place& place) {
    decision_.suspects.push_back(place.item);
    if (place.read) {
      suspect_read(place.item);
    } else if (place.rank != unseen) {
      suspect_read(first_read_[place.rank]);
    }
  }

  // A read proves something only together with the adds of what it has.
  void suspect_read(std::uint32_t read) {
    decision_.suspects.push_back(read);
    for (const Value value : elements_of(read)) {
      const std::uint32_t row = row_of(value);
      if (row != checkers::no_row) decision_.suspects.push_back(elements_[row].add);
    }
  }

  const std::span<const SetOperation> operations_;
  const std::span<const Item> items_;
  std::vector<Element> elements_;
  checkers::FlatIndex index_;
  std::vector<std::uint32_t> reads_;       // by size
  std::vector<std::uint32_t> first_read_;  // by rank
  std::vector<Place> places_;
  Decision decision_{.algorithm = "set order"};
};

}  // namespace

std::optional<Decision> Set::decide(std::span<const SetOperation> operations, std::span<const Item> items) const {
  return GrowingSet(operations, items).decide();
}

}  // namespace faultline::linearizability

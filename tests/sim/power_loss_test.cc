// Every image that a power cut may leave, and only those.
//
// Short programs of writes, syncs, truncations and changes of names are run to their end, and the power goes. One side of the
// comparison is the simulator, with every possible answer to every question that it asks about the crash. The other side is the
// rules of runtime/disk.h, written down here a second time and in another way: whole snapshots of files and subsets of changes,
// no undo records and no sequence of questions.
#include <algorithm>
#include <catch2/catch.hpp>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "runtime/disk.h"
#include "runtime/sync.h"
#include "sim/world.h"

using namespace faultline;

namespace {

/// What a disk holds: content by path; directories end in '/' and hold nothing.
using Image = std::map<std::string, std::string>;

struct Step {
  enum class Kind { create, write, sync, failing_sync, truncate, rename, remove, create_directory, sync_dir };
  Kind kind;
  std::string path{};
  std::string text{};  // what is written, or the new name
  std::uint64_t offset = 0;
};
using Kind = Step::Kind;
using Steps = std::vector<Step>;

// --- the simulator, with all its choices ---

/// Answers by a script and, past its end, with 0; counts through all scripts like an odometer.
class EveryChoice final : public sim::Choices {
 public:
  std::uint64_t choose(Kind, std::uint64_t count) override {
    REQUIRE(count > 1);
    if (next_ == script_.size()) script_.push_back({0, count});
    REQUIRE(script_[next_].count == count);
    return script_[next_++].answer;
  }
  /// Returns: false if all scripts have been seen.
  bool advance() {
    next_ = 0;
    while (!script_.empty() && script_.back().answer + 1 == script_.back().count) script_.pop_back();
    if (script_.empty()) return false;
    ++script_.back().answer;
    return true;
  }

 private:
  struct Answer {
    std::uint64_t answer;
    std::uint64_t count;
  };
  std::vector<Answer> script_;
  std::size_t next_ = 0;
};

void run_step(sim::World& world, sim::NodeId node, Env& env, const Step& step,
              std::map<std::string, std::unique_ptr<File>>& files) {
  const auto file = [&]() -> File& {
    std::unique_ptr<File>& open = files[step.path];
    open = env.disk.open(step.path, step.kind == Kind::create ? OpenMode::create_new : OpenMode::write, no_deadline).value();
    return *open;
  };
  const Slice text = Slice::copy_of(step.text);
  switch (step.kind) {
    case Kind::create: file(); break;
    case Kind::write: REQUIRE(file().write_at(step.offset, std::span<const Slice>(&text, 1), no_deadline).has_value()); break;
    case Kind::sync: REQUIRE(file().sync(no_deadline).has_value()); break;
    case Kind::failing_sync:
      world.fail_next_sync(node, step.path);
      REQUIRE(file().sync(no_deadline).has_error());
      break;
    case Kind::truncate: REQUIRE(file().truncate(step.offset, no_deadline).has_value()); break;
    case Kind::rename: REQUIRE(env.disk.rename(step.path, step.text, no_deadline).has_value()); break;
    case Kind::remove: REQUIRE(env.disk.remove(step.path, no_deadline).has_value()); break;
    case Kind::create_directory: REQUIRE(env.disk.create_directory(step.path, no_deadline).has_value()); break;
    case Kind::sync_dir: REQUIRE(env.disk.sync_dir(step.path, no_deadline).has_value()); break;
  }
}

void read_tree(Disk& disk, const std::string& path, Image& image) {
  for (const DirectoryEntry& entry : disk.list(path, no_deadline).value()) {
    const std::string child = path.empty() ? entry.name : path + "/" + entry.name;
    if (entry.is_directory) {
      image[child + "/"] = "";
      read_tree(disk, child, image);
    } else {
      image[child] = std::string(as_text(read_whole(disk, child, 1 << 20, no_deadline).value()));
    }
  }
}

std::set<Image> simulated_images(const Steps& steps) {
  std::set<Image> images;
  EveryChoice choices;
  do {
    sim::World world({.seed = 1, .trace_keep = sim::TraceKeep::none});
    std::optional<Image> found;
    sim::NodeId node{};
    node = world.add_node("node", {}, [&, life = 0](Env& env) mutable {
      if (++life == 1) {
        std::map<std::string, std::unique_ptr<File>> files;
        for (const Step& step : steps) run_step(world, node, env, step, files);
        (void)sleep_until(no_deadline);
      }
      read_tree(env.disk, "", found.emplace());
    });
    world.run_for(1s);
    world.crash(node, choices);
    world.restart(node, Duration{});
    world.run_for(1s);
    REQUIRE(found.has_value());
    images.insert(*found);
  } while (choices.advance());
  return images;
}

// --- the rules ---

struct ModelFile {
  std::vector<std::string> snapshots{""};  // after each change; those before `durable` are out of reach
  std::size_t durable = 0;
  bool lost = false;  // a sync has failed and nothing was written since: only the length is still open

  std::set<std::string> legal() const;
};

struct ModelChange {
  std::vector<std::pair<std::string, int>> edits;  // path and file, or -1 for none, or -2 for a directory
};

constexpr std::size_t page = 4096;
constexpr std::size_t sector = 512;

std::string page_of(const std::string& content, std::size_t index) {
  std::string part = index * page < content.size() ? content.substr(index * page, page) : std::string();
  part.resize(page, '\0');
  return part;
}

/// The durable page, any later version, or sectors of one such version over an older one.
std::set<std::string> legal_pages(const std::vector<std::string>& versions) {
  std::set<std::string> pages(versions.begin(), versions.end());
  for (std::size_t older = 0; older < versions.size(); ++older) {
    for (std::size_t newer = older + 1; newer < versions.size(); ++newer) {
      for (unsigned mask = 0; mask < 256; ++mask) {
        std::string torn = versions[older];
        for (std::size_t i = 0; i < page / sector; ++i) {
          if ((mask >> i & 1) != 0) torn.replace(i * sector, sector, versions[newer], i * sector, sector);
        }
        pages.insert(torn);
      }
    }
  }
  return pages;
}

std::set<std::string> ModelFile::legal() const {
  std::size_t least = SIZE_MAX;
  std::size_t most = 0;
  for (std::size_t i = durable; i < snapshots.size(); ++i) {
    least = std::min(least, snapshots[i].size());
    most = std::max(most, snapshots[i].size());
  }
  std::set<std::string> contents{""};
  for (std::size_t index = 0; index * page < most; ++index) {
    std::vector<std::string> versions;
    for (std::size_t i = durable; i < (lost ? durable + 1 : snapshots.size()); ++i)
      versions.push_back(page_of(snapshots[i], index));
    std::set<std::string> longer;
    for (const std::string& begin : contents) {
      for (const std::string& next : legal_pages(versions)) longer.insert(begin + next);
    }
    contents = std::move(longer);
  }
  std::set<std::string> result;
  for (const std::string& content : contents) {
    for (std::size_t length = least; length <= most; ++length) result.insert(content.substr(0, length));
  }
  return result;
}

struct Model {
  std::map<std::string, int> names;  // as the program sees them
  std::map<std::string, int> durable;
  std::vector<ModelFile> files;
  std::vector<ModelChange> pending;

  void change(ModelChange made) {
    for (const auto& [path, file] : made.edits) {
      if (file == -1) {
        names.erase(path);
      } else {
        names[path] = file;
      }
    }
    pending.push_back(std::move(made));
  }
  static void apply(const ModelChange& change, std::map<std::string, int>& to) {
    for (const auto& [path, file] : change.edits) {
      if (file == -1) {
        to.erase(path);
      } else {
        to[path] = file;
      }
    }
  }
  static bool related(const ModelChange& a, const ModelChange& b) {
    return std::any_of(a.edits.begin(), a.edits.end(), [&](const auto& mine) {
      return std::any_of(b.edits.begin(), b.edits.end(), [&](const auto& theirs) { return mine.first == theirs.first; });
    });
  }
  void step(const Step& step);
  void sync_dir(const std::string& directory);
  std::set<Image> legal() const;
};

void Model::step(const Step& step) {
  const auto file = [&]() -> ModelFile& { return files[static_cast<std::size_t>(names.at(step.path))]; };
  switch (step.kind) {
    case Kind::create:
      files.emplace_back();
      change({{{step.path, static_cast<int>(files.size()) - 1}}});
      break;
    case Kind::write: {
      std::string content = file().snapshots.back();
      if (content.size() < step.offset + step.text.size()) content.resize(step.offset + step.text.size(), '\0');
      content.replace(step.offset, step.text.size(), step.text);
      file().snapshots.push_back(content);
      break;
    }
    case Kind::truncate: {
      std::string content = file().snapshots.back();
      content.resize(step.offset, '\0');
      file().snapshots.push_back(content);
      break;
    }
    case Kind::sync:
      if (!file().lost) file().durable = file().snapshots.size() - 1;
      break;
    case Kind::failing_sync: file().lost = true; break;
    case Kind::rename: {
      const int moved = names.at(step.path);
      change({{{step.path, -1}, {step.text, moved}}});
      break;
    }
    case Kind::remove: change({{{step.path, -1}}}); break;
    case Kind::create_directory: change({{{step.path, -2}}}); break;
    case Kind::sync_dir: sync_dir(step.path); break;
  }
}

void Model::sync_dir(const std::string& directory) {
  std::set<std::size_t> wanted;
  for (std::size_t i = 0; i < pending.size(); ++i) {
    for (const auto& [path, file] : pending[i].edits) {
      if (parent_path(path) == directory) wanted.insert(i);
    }
  }
  for (bool grown = true; grown;) {
    grown = false;
    for (const std::size_t later : std::set<std::size_t>(wanted)) {
      for (std::size_t i = 0; i < later; ++i) grown = (related(pending[i], pending[later]) && wanted.insert(i).second) || grown;
    }
  }
  std::vector<ModelChange> left;
  for (std::size_t i = 0; i < pending.size(); ++i) {
    if (wanted.contains(i)) {
      apply(pending[i], durable);
    } else {
      left.push_back(pending[i]);
    }
  }
  pending = left;
}

std::set<Image> Model::legal() const {
  std::set<Image> images;
  for (unsigned mask = 0; mask < 1u << pending.size(); ++mask) {
    bool closed = true;
    for (std::size_t later = 0; later < pending.size(); ++later) {
      for (std::size_t earlier = 0; earlier < later; ++earlier) {
        const bool breaks = (mask >> later & 1) != 0 && (mask >> earlier & 1) == 0 && related(pending[earlier], pending[later]);
        closed = closed && !breaks;
      }
    }
    if (!closed) continue;
    std::map<std::string, int> tree = durable;
    for (std::size_t i = 0; i < pending.size(); ++i) {
      if ((mask >> i & 1) != 0) apply(pending[i], tree);
    }
    std::set<Image> partial{{}};
    for (const auto& [path, file] : tree) {
      const std::string parent(parent_path(path));
      if (!parent.empty() && !tree.contains(parent)) continue;  // nothing leads there
      std::set<Image> more;
      for (const Image& image : partial) {
        for (const std::string& content :
             file == -2 ? std::set<std::string>{""} : files[static_cast<std::size_t>(file)].legal()) {
          Image larger = image;
          larger[file == -2 ? path + "/" : path] = content;
          more.insert(std::move(larger));
        }
      }
      partial = std::move(more);
    }
    images.merge(partial);
  }
  return images;
}

std::set<Image> legal_images(const Steps& steps) {
  Model model;
  for (const Step& step : steps) model.step(step);
  return model.legal();
}

Steps durable_file(const std::string& path, const std::string& content) {
  return {{Kind::create, path}, {Kind::write, path, content}, {Kind::sync, path}, {Kind::sync_dir, ""}};
}

void compare(const char* what, Steps steps, const Steps& more, std::size_t expected_images) {
  INFO(what);
  steps.insert(steps.end(), more.begin(), more.end());
  const std::set<Image> simulated = simulated_images(steps);
  const std::set<Image> legal = legal_images(steps);
  CHECK(simulated.size() == expected_images);
  CHECK(std::includes(legal.begin(), legal.end(), simulated.begin(), simulated.end()));  // nothing that must not be
  CHECK(std::includes(simulated.begin(), simulated.end(), legal.begin(), legal.end()));  // all that may be
}

}  // namespace

TEST_CASE("power loss: the simulator leaves exactly the images that the rules allow, content") {
  compare("nothing synced", {}, {{Kind::create, "a"}, {Kind::write, "a", "AB"}}, 6);
  compare("an overwrite that grows", durable_file("a", "AB"), {{Kind::write, "a", "XY", 1}}, 4);
  compare("any intermediate version", durable_file("a", "AB"),
          {{Kind::write, "a", "C"}, {Kind::write, "a", "D"}, {Kind::write, "a", "E", 1}}, 4);
  compare("synced data, unsynced name", {}, {{Kind::create, "a"}, {Kind::write, "a", "AB"}, {Kind::sync, "a"}}, 2);
  compare("a sync covers what came before it", durable_file("a", "AB"),
          {{Kind::write, "a", "C"}, {Kind::sync, "a"}, {Kind::write, "a", "D"}}, 2);
  compare("a truncation may be undone", durable_file("a", "ABCD"), {{Kind::truncate, "a", "", 1}, {Kind::write, "a", "Z", 1}},
          10);
  compare("a truncation to nothing", durable_file("a", "ABC"), {{Kind::truncate, "a", "", 0}}, 7);
  compare("a gap reads as zeros", durable_file("a", "A"), {{Kind::write, "a", "B", 3}}, 5);
  compare("a failed sync is worth nothing", durable_file("a", "old"), {{Kind::write, "a", "new"}, {Kind::failing_sync, "a"}}, 1);
  compare("nor is a second one that succeeds", durable_file("a", "old"),
          {{Kind::write, "a", "new"}, {Kind::failing_sync, "a"}, {Kind::sync, "a"}}, 1);
}

TEST_CASE("power loss: the simulator leaves exactly the images that the rules allow, sectors and pages") {
  const std::string old_kilobyte(1024, 'o');
  compare("one write tears at a sector", durable_file("a", old_kilobyte), {{Kind::write, "a", std::string(1024, 'n')}}, 4);
  compare("two writes, two versions at most in one page", durable_file("a", old_kilobyte + std::string(512, 'o')),
          {{Kind::write, "a", std::string(1536, 'n')}, {Kind::write, "a", std::string(1536, 'm')}}, 21);
  compare("pages are independent", durable_file("a", std::string(8192, 'o')), {{Kind::write, "a", std::string(200, 'n'), 4000}},
          4);
  compare("a page that is cut off comes back with the length", durable_file("a", std::string(4098, 'o')),
          {{Kind::truncate, "a", "", 4095}}, 11);
}

TEST_CASE("power loss: the simulator leaves exactly the images that the rules allow, names") {
  compare("a rename is atomic", durable_file("a", "old"),
          {{Kind::create, "t"}, {Kind::write, "t", "n"}, {Kind::sync, "t"}, {Kind::rename, "t", "a"}}, 3);
  compare("a rename of an unsynced file exposes empty data", durable_file("a", "old"),
          {{Kind::create, "t"}, {Kind::write, "t", "n"}, {Kind::rename, "t", "a"}}, 7);
  compare("a removal may be undone", durable_file("a", "A"), {{Kind::remove, "a"}}, 2);
  compare("removed and made again", durable_file("a", "A"), {{Kind::remove, "a"}, {Kind::create, "a"}}, 3);
  compare("independent names", {}, {{Kind::create, "a"}, {Kind::create, "b"}, {Kind::create, "c"}}, 8);
  compare("a chain of renames", durable_file("a", "A"), {{Kind::rename, "a", "b"}, {Kind::rename, "b", "c"}, {Kind::create, "a"}},
          5);
  compare("a synced directory without a durable name", {},
          {{Kind::create_directory, "d"}, {Kind::create, "d/f"}, {Kind::sync_dir, "d"}}, 2);
  compare("an unsynced directory with a durable name", {},
          {{Kind::create_directory, "d"}, {Kind::sync_dir, ""}, {Kind::create, "d/f"}, {Kind::create, "d/g"}}, 4);
  compare("across directories, the sync of one makes the move durable in both",
          {{Kind::create_directory, "d"}, {Kind::create, "a"}, {Kind::sync_dir, ""}},
          {{Kind::rename, "a", "d/a"}, {Kind::sync_dir, "d"}}, 1);
}

TEST_CASE("power loss: random answers reach every image of a small program") {
  const Steps steps = [] {
    Steps all = durable_file("a", "AB");
    all.push_back({Kind::write, "a", "XYZ", 1});
    all.push_back({Kind::rename, "a", "b"});
    return all;
  }();
  std::set<Image> seen;
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    sim::World world({.seed = seed});
    sim::NodeId node{};
    node = world.add_node("node", {}, [&, life = 0](Env& env) mutable {
      if (++life == 1) {
        std::map<std::string, std::unique_ptr<File>> files;
        for (const Step& step : steps) run_step(world, node, env, step, files);
        (void)sleep_until(no_deadline);
      }
      Image image;
      read_tree(env.disk, "", image);
      seen.insert(image);
    });
    world.run_for(1s);
    world.crash(node);
    world.restart(node, Duration{});
    world.run_for(1s);
  }
  REQUIRE(seen == legal_images(steps));
}

// Names: rename, remove, directories, and the helpers that are written on top of them.
#include <string>
#include <vector>

#include "tests/conformance/support.h"

using namespace faultline;
using namespace faultline::conformance;

namespace {

void write_file(Nodes& nodes, std::string_view path, std::string_view text) {
  const std::unique_ptr<File> file = need(nodes.a.disk.open(path, OpenMode::create, no_deadline));
  const Slice piece = Slice::copy_of(text);
  need(file->truncate(0, no_deadline));
  need(file->write_at(0, std::span<const Slice>(&piece, 1), no_deadline));
}

std::string content(Nodes& nodes, std::string_view path) {
  return std::string(as_text(need(read_whole(nodes.a.disk, path, 1'000'000, no_deadline))));
}

std::vector<std::string> names(Nodes& nodes, std::string_view path) {
  std::vector<std::string> list;
  for (const DirectoryEntry& entry : need(nodes.a.disk.list(path, no_deadline))) {
    list.push_back(entry.is_directory ? entry.name + "/" : entry.name);
  }
  return list;
}

}  // namespace

TEST_CASE("directory: a listing is sorted and tells directories from files") {
  in_every_world([](Nodes& nodes) {
    CHECK(names(nodes, "").empty());
    for (const char* name : {"b", "a10", "a2", "Z", "c.log"}) write_file(nodes, name, "x");
    need(nodes.a.disk.create_directory("b-dir", no_deadline));
    CHECK(names(nodes, "") == std::vector<std::string>{"Z", "a10", "a2", "b", "b-dir/", "c.log"});
    CHECK(names(nodes, "b-dir").empty());
    write_file(nodes, "b-dir/inner", "x");
    CHECK(names(nodes, "b-dir") == std::vector<std::string>{"inner"});
  });
}

TEST_CASE("directory: a rename takes the content along and replaces its target") {
  in_every_world([](Nodes& nodes) {
    write_file(nodes, "old", "old content");
    write_file(nodes, "target", "to be replaced");
    need(nodes.a.disk.rename("old", "target", no_deadline));
    CHECK(names(nodes, "") == std::vector<std::string>{"target"});
    CHECK(content(nodes, "target") == "old content");
    CHECK(code_of(nodes.a.disk.rename("old", "elsewhere", no_deadline)) == Errc::not_found);
    CHECK(code_of(nodes.a.disk.rename("target", "missing/target", no_deadline)) == Errc::not_found);
    need(nodes.a.disk.rename("target", "target", no_deadline));
    CHECK(content(nodes, "target") == "old content");
  });
}

TEST_CASE("directory: open handles follow a renamed file, and keep a replaced or removed one") {
  in_every_world([](Nodes& nodes) {
    write_file(nodes, "a", "content of a");
    write_file(nodes, "b", "content of b");
    const std::unique_ptr<File> a = need(nodes.a.disk.open("a", OpenMode::write, no_deadline));
    const std::unique_ptr<File> b = need(nodes.a.disk.open("b", OpenMode::write, no_deadline));
    need(nodes.a.disk.rename("a", "b", no_deadline));
    const Slice mark = Slice::copy_of("CONTENT");
    need(a->write_at(0, std::span<const Slice>(&mark, 1), no_deadline));
    CHECK(content(nodes, "b") == "CONTENT of a");
    CHECK(as_text(need(b->read_at(0, 100, no_deadline))) == "content of b");
    need(nodes.a.disk.remove("b", no_deadline));
    CHECK(names(nodes, "").empty());
    need(a->write_at(0, std::span<const Slice>(&mark, 1), no_deadline));
    need(a->sync(no_deadline));
    CHECK(as_text(need(a->read_at(0, 100, no_deadline))) == "CONTENT of a");
    write_file(nodes, "b", "a new file");
    CHECK(as_text(need(a->read_at(0, 100, no_deadline))) == "CONTENT of a");
  });
}

TEST_CASE("directory: removing takes files for files and directories for directories") {
  in_every_world([](Nodes& nodes) {
    Disk& disk = nodes.a.disk;
    CHECK(code_of(disk.remove("missing", no_deadline)) == Errc::not_found);
    CHECK(code_of(disk.remove_directory("missing", no_deadline)) == Errc::not_found);
    need(disk.create_directory("d", no_deadline));
    write_file(nodes, "d/f", "x");
    CHECK_FALSE(disk.remove("d", no_deadline).has_value());
    CHECK(code_of(disk.remove_directory("d", no_deadline)) == Errc::directory_not_empty);
    CHECK(code_of(disk.remove_directory("d/f", no_deadline)) == Errc::not_a_directory);
    need(disk.remove("d/f", no_deadline));
    need(disk.remove_directory("d", no_deadline));
    CHECK(names(nodes, "").empty());
  });
}

TEST_CASE("directory: creating needs a parent and a free name") {
  in_every_world([](Nodes& nodes) {
    Disk& disk = nodes.a.disk;
    CHECK(code_of(disk.create_directory("x/y", no_deadline)) == Errc::not_found);
    need(disk.create_directory("x", no_deadline));
    need(disk.create_directory("x/y", no_deadline));
    CHECK(code_of(disk.create_directory("x", no_deadline)) == Errc::already_exists);
    write_file(nodes, "f", "x");
    CHECK(code_of(disk.create_directory("f", no_deadline)) == Errc::already_exists);
  });
}

TEST_CASE("directory: only a directory that exists can be listed or synced") {
  in_every_world([](Nodes& nodes) {
    Disk& disk = nodes.a.disk;
    write_file(nodes, "f", "x");
    CHECK(code_of(disk.list("missing", no_deadline)) == Errc::not_found);
    CHECK(code_of(disk.list("f", no_deadline)) == Errc::not_a_directory);
    CHECK(code_of(disk.sync_dir("missing", no_deadline)) == Errc::not_found);
    need(disk.sync_dir("", no_deadline));
    need(disk.create_directory("d", no_deadline));
    need(disk.sync_dir("d", no_deadline));
  });
}

TEST_CASE("directory: a directory with all in it can be renamed") {
  in_every_world([](Nodes& nodes) {
    need(nodes.a.disk.create_directory("topic-0", no_deadline));
    write_file(nodes, "topic-0/segment", "records");
    const std::unique_ptr<File> open = need(nodes.a.disk.open("topic-0/segment", OpenMode::read, no_deadline));
    need(nodes.a.disk.rename("topic-0", "topic-0-deleted", no_deadline));
    CHECK(names(nodes, "") == std::vector<std::string>{"topic-0-deleted/"});
    CHECK(content(nodes, "topic-0-deleted/segment") == "records");
    CHECK(as_text(need(open->read_at(0, 100, no_deadline))) == "records");
  });
}

TEST_CASE("directory: the data directory is locked by one at a time, until the lock is destroyed or the node has ended") {
  for (const std::string& kind : world_kinds()) {
    INFO("world: " << kind);
    const std::unique_ptr<ConformanceWorld> world = make_world(kind);
    for (int run = 0; run < 2; ++run) {
      world->run([](Nodes& nodes) {
        std::unique_ptr<DirectoryLock> lock = need(nodes.a.disk.lock());
        CHECK(code_of(nodes.a.disk.lock()) == Errc::locked);
        CHECK(names(nodes, "").empty());  // the lock is no file of ours
        lock.reset();
        lock = need(nodes.a.disk.lock());
      });
    }
  }
}

TEST_CASE("directory: create_directories makes all parents and may be repeated; remove_tree takes all away") {
  in_every_world([](Nodes& nodes) {
    Disk& disk = nodes.a.disk;
    need(create_directories(disk, "a/b/c", no_deadline));
    need(create_directories(disk, "a/b/c", no_deadline));
    write_file(nodes, "a/b/f", "x");
    CHECK(names(nodes, "a/b") == std::vector<std::string>{"c/", "f"});
    need(remove_tree(disk, "a", no_deadline));
    CHECK(names(nodes, "").empty());
    write_file(nodes, "f", "x");
    CHECK_FALSE(create_directories(disk, "f/d", no_deadline).has_value());
  });
}

TEST_CASE("directory: replace_file replaces whole files and leaves nothing else behind") {
  in_every_world([](Nodes& nodes) {
    write_file(nodes, "state.tmp", "left over from a crash, and longer than what follows");
    need(replace_file(nodes.a.disk, "state", Slice::copy_of("one"), no_deadline));
    CHECK(content(nodes, "state") == "one");
    need(replace_file(nodes.a.disk, "state", Slice::copy_of("two, longer"), no_deadline));
    CHECK(content(nodes, "state") == "two, longer");
    need(replace_file(nodes.a.disk, "state", Slice(), no_deadline));
    CHECK(content(nodes, "state").empty());
    CHECK(names(nodes, "") == std::vector<std::string>{"state"});
  });
}

TEST_CASE("directory: read_whole refuses a file above its limit") {
  in_every_world([](Nodes& nodes) {
    write_file(nodes, "f", "0123456789");
    CHECK(as_text(need(read_whole(nodes.a.disk, "f", 10, no_deadline))) == "0123456789");
    CHECK(code_of(read_whole(nodes.a.disk, "f", 9, no_deadline)) == Errc::too_large);
    CHECK(code_of(read_whole(nodes.a.disk, "missing", 9, no_deadline)) == Errc::not_found);
  });
}

// Files: what reads and writes promise while nothing goes wrong. What a power cut leaves is the simulator's own subject.
#include <array>

#include "tests/conformance/support.h"

using namespace faultline;
using namespace faultline::conformance;

namespace {

Result<> put(File& file, std::uint64_t offset, std::string_view text) {
  const Slice piece = Slice::copy_of(text);
  return file.write_at(offset, std::span<const Slice>(&piece, 1), no_deadline);
}

std::string get(File& file, std::uint64_t offset, std::size_t count) {
  return std::string(as_text(need(file.read_at(offset, count, no_deadline))));
}

std::unique_ptr<File> create(Nodes& nodes, std::string_view path) {
  return need(nodes.a.disk.open(path, OpenMode::create_new, no_deadline));
}

}  // namespace

TEST_CASE("file: what was written is read back at its place") {
  in_every_world([](Nodes& nodes) {
    const std::unique_ptr<File> file = create(nodes, "f");
    need(put(*file, 0, "0123456789"));
    need(put(*file, 3, "abc"));
    CHECK(get(*file, 0, 100) == "012abc6789");
    CHECK(get(*file, 4, 3) == "bc6");
    CHECK(need(file->size()) == 10);
  });
}

TEST_CASE("file: gathered pieces are written in order, hundreds of them, empty ones too") {
  in_every_world([](Nodes& nodes) {
    const std::unique_ptr<File> file = create(nodes, "f");
    std::vector<Slice> pieces;
    std::string expected;
    for (std::size_t i = 0; i < 1500; ++i) {
      const std::string piece(i % 11, static_cast<char>('a' + i % 26));
      expected += piece;
      pieces.push_back(Slice::copy_of(piece));
    }
    need(file->write_at(7, pieces, no_deadline));
    CHECK(get(*file, 7, expected.size()) == expected);
    CHECK(need(file->size()) == 7 + expected.size());
    need(file->write_at(3, std::span<const Slice>(), no_deadline));
    CHECK(need(file->size()) == 7 + expected.size());
  });
}

TEST_CASE("file: a gap before a write reads as zeros") {
  in_every_world([](Nodes& nodes) {
    const std::unique_ptr<File> file = create(nodes, "f");
    need(put(*file, 5000, "end"));
    CHECK(need(file->size()) == 5003);
    CHECK(get(*file, 0, 5003) == std::string(5000, '\0') + "end");
  });
}

TEST_CASE("file: a read is short only at the end of the file, and empty behind it") {
  in_every_world([](Nodes& nodes) {
    const std::unique_ptr<File> file = create(nodes, "f");
    CHECK(get(*file, 0, 10).empty());
    const std::string large(300'000, 'x');
    need(put(*file, 0, large));
    CHECK(get(*file, 0, large.size()) == large);
    CHECK(get(*file, large.size() - 5, 100) == "xxxxx");
    CHECK(get(*file, large.size(), 100).empty());
    CHECK(get(*file, large.size() + 1'000'000, 100).empty());
    CHECK(get(*file, 0, 0).empty());
  });
}

TEST_CASE("file: truncation cuts, and extends with zeros, never with what was there before") {
  in_every_world([](Nodes& nodes) {
    const std::unique_ptr<File> file = create(nodes, "f");
    need(put(*file, 0, "0123456789"));
    need(file->truncate(4, no_deadline));
    CHECK(need(file->size()) == 4);
    CHECK(get(*file, 0, 100) == "0123");
    need(file->truncate(8, no_deadline));
    CHECK(get(*file, 0, 100) == "0123" + std::string(4, '\0'));
    need(file->truncate(0, no_deadline));
    need(put(*file, 6, "x"));
    CHECK(get(*file, 0, 100) == std::string(6, '\0') + "x");
  });
}

TEST_CASE("file: a sync changes nothing that can be read, and many at the same time all succeed") {
  in_every_world([](Nodes& nodes) {
    const std::unique_ptr<File> file = create(nodes, "f");
    const std::unique_ptr<File> other = create(nodes, "g");
    int synced = 0;
    TaskGroup group(nodes.a.tasks);
    for (std::uint64_t i = 0; i < 50; ++i) {
      group.spawn("writer", [&, i] {
        File& mine = i % 5 == 0 ? *other : *file;
        need(put(mine, i * 2, "ab"));
        need(mine.sync(no_deadline));
        ++synced;
      });
    }
    group.join();
    CHECK(synced == 50);
    CHECK(get(*file, 2, 8) == "abababab");
    CHECK(need(file->size()) == 100);
  });
}

TEST_CASE("file: two handles see each other's writes at once") {
  in_every_world([](Nodes& nodes) {
    const std::unique_ptr<File> writer = create(nodes, "f");
    const std::unique_ptr<File> reader = need(nodes.a.disk.open("f", OpenMode::read, no_deadline));
    CHECK(get(*reader, 0, 10).empty());
    need(put(*writer, 0, "seen"));
    CHECK(get(*reader, 0, 10) == "seen");
  });
}

TEST_CASE("file: a file that was opened for reading only cannot be changed") {
  in_every_world([](Nodes& nodes) {
    need(put(*create(nodes, "f"), 0, "x"));
    const std::unique_ptr<File> reader = need(nodes.a.disk.open("f", OpenMode::read, no_deadline));
    CHECK_FALSE(put(*reader, 0, "y").has_value());
    CHECK_FALSE(reader->truncate(0, no_deadline).has_value());
    CHECK(get(*reader, 0, 10) == "x");
  });
}

TEST_CASE("file: opening respects what is there and what is not") {
  in_every_world([](Nodes& nodes) {
    Disk& disk = nodes.a.disk;
    CHECK(code_of(disk.open("missing", OpenMode::read, no_deadline)) == Errc::not_found);
    CHECK(code_of(disk.open("missing", OpenMode::write, no_deadline)) == Errc::not_found);
    CHECK(code_of(disk.open("missing/file", OpenMode::create, no_deadline)) == Errc::not_found);
    need(put(*create(nodes, "f"), 0, "kept"));
    CHECK(code_of(disk.open("f", OpenMode::create_new, no_deadline)) == Errc::already_exists);
    CHECK(get(*need(disk.open("f", OpenMode::create, no_deadline)), 0, 10) == "kept");
    CHECK(get(*need(disk.open("f", OpenMode::write, no_deadline)), 0, 10) == "kept");
    need(disk.create_directory("d", no_deadline));
    CHECK_FALSE(disk.open("d", OpenMode::read, no_deadline).has_value());
    CHECK_FALSE(disk.open("d", OpenMode::create, no_deadline).has_value());
    CHECK(code_of(disk.open("d", OpenMode::create_new, no_deadline)) == Errc::already_exists);
  });
}

TEST_CASE("file: paths that lead out of the data directory, or nowhere, are refused") {
  in_every_world([](Nodes& nodes) {
    for (const std::string_view path : {"", "/f", "../f", "d/../f", "./f", "d//f", "f/", ".."}) {
      INFO("path: '" << path << "'");
      CHECK(code_of(nodes.a.disk.open(path, OpenMode::create, no_deadline)) == Errc::invalid_argument);
      CHECK(code_of(nodes.a.disk.remove(path, no_deadline)) == Errc::invalid_argument);
      CHECK(code_of(nodes.a.disk.create_directory(path, no_deadline)) == Errc::invalid_argument);
    }
  });
}

TEST_CASE("file: what was written is there after a clean restart") {
  for (const std::string& kind : world_kinds()) {
    INFO("world: " << kind);
    const std::unique_ptr<ConformanceWorld> world = make_world(kind);
    world->run([](Nodes& nodes) { need(put(*create(nodes, "f"), 0, "still here")); });
    world->run(
        [](Nodes& nodes) { CHECK(get(*need(nodes.a.disk.open("f", OpenMode::read, no_deadline)), 0, 100) == "still here"); });
  }
}

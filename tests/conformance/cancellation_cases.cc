// Cancellation reaches every call of the seam, whether it waits already or is only about to begin, and stays.
#include <array>

#include "tests/conformance/support.h"

using namespace faultline;
using namespace faultline::conformance;

namespace {

constexpr std::uint64_t some_bytes = 1024;

/// Runs `call()` on a's node in a fiber that is cancelled while it waits. Returns: what the call returned, `none` for success.
template <class Call>
Errc cancelled_while_waiting(Nodes& nodes, Call&& call) {
  Errc code = Errc::none;
  TaskGroup group(nodes.a.tasks);
  group.spawn("waiting", [&] { code = code_of(call()); });
  need(sleep_until(soon(nodes.a)));
  CHECK(group.size() == 1);
  group.cancel();
  group.join();
  return code;
}

/// Runs `calls()` in a fiber that is cancelled already.
template <class Calls>
void when_cancelled(Nodes& nodes, Calls&& calls) {
  bool ran = false;
  TaskGroup group(nodes.a.tasks);
  group.cancel();
  group.spawn("cancelled", [&] {
    calls();
    ran = true;
  });
  group.join();
  CHECK(ran);
}

}  // namespace

TEST_CASE("cancellation: ends a suspended read, and the stream can be used by others afterwards") {
  in_every_world([](Nodes& nodes) {
    Connection c = connect(nodes);
    CHECK(cancelled_while_waiting(nodes, [&] { return receive_some(*c.client, 10, patience(nodes.a)); }) == Errc::cancelled);
    send(nodes.b, *c.server, "later");
    CHECK(receive(nodes.a, *c.client, 5) == "later");
  });
}

TEST_CASE("cancellation: ends a suspended write") {
  in_every_world([](Nodes& nodes) {
    Connection c = connect(nodes);
    const Slice block = Slice::copy_of(std::string(64 * 1024 * 1024, 'x'));
    CHECK(cancelled_while_waiting(nodes, [&] { return write_all(*c.client, block.bytes(), patience(nodes.a)); }) ==
          Errc::cancelled);
  });
}

TEST_CASE("cancellation: ends a suspended accept, and the listener goes on") {
  in_every_world([](Nodes& nodes) {
    const std::unique_ptr<Listener> listener = need(nodes.a.network.listen({nodes.a_host, 0}));
    CHECK(cancelled_while_waiting(nodes, [&] { return listener->accept(patience(nodes.a)); }) == Errc::cancelled);
    const std::unique_ptr<Stream> client = need(nodes.b.network.connect(listener->local(), patience(nodes.b)));
    CHECK(need(listener->accept(patience(nodes.a))) != nullptr);
  });
}

TEST_CASE("cancellation: ends a sleep") {
  in_every_world(
      [](Nodes& nodes) { CHECK(cancelled_while_waiting(nodes, [&] { return sleep_until(no_deadline); }) == Errc::cancelled); });
}

TEST_CASE("cancellation: is sticky, so every network call of a cancelled fiber fails") {
  in_every_world([](Nodes& nodes) {
    Connection c = connect(nodes);
    const std::unique_ptr<Listener> listener = need(nodes.a.network.listen({nodes.a_host, 0}));
    send(nodes.b, *c.server, "waiting to be read");
    when_cancelled(nodes, [&] {
      const std::string text = "x";
      const Bytes piece = as_bytes(text);
      CHECK(code_of(receive_some(*c.client, 10, patience(nodes.a))) == Errc::cancelled);
      CHECK(code_of(c.client->write_some(std::span<const Bytes>(&piece, 1), patience(nodes.a))) == Errc::cancelled);
      CHECK(code_of(c.client->shutdown_write()) == Errc::cancelled);
      CHECK(code_of(listener->accept(patience(nodes.a))) == Errc::cancelled);
      CHECK(code_of(nodes.a.network.listen({nodes.a_host, 0})) == Errc::cancelled);
      CHECK(code_of(nodes.a.network.connect(c.listener->local(), patience(nodes.a))) == Errc::cancelled);
      CHECK(code_of(sleep_until(patience(nodes.a))) == Errc::cancelled);
      CHECK(code_of(yield()) == Errc::cancelled);
    });
    CHECK(receive(nodes.a, *c.client, 18) == "waiting to be read");
    send(nodes.a, *c.client, "nothing was sent before this");
    CHECK(receive(nodes.b, *c.server, 28) == "nothing was sent before this");
  });
}

TEST_CASE("cancellation: is sticky, so every disk call of a cancelled fiber fails and changes nothing") {
  in_every_world([](Nodes& nodes) {
    Disk& disk = nodes.a.disk;
    const Time deadline = patience(nodes.a);
    const std::unique_ptr<File> file = need(disk.open("file", OpenMode::create_new, deadline));
    const Slice text = Slice::copy_of("before");
    need(file->write_at(0, std::span<const Slice>(&text, 1), deadline));
    need(disk.create_directory("directory", deadline));
    when_cancelled(nodes, [&] {
      const Slice other = Slice::copy_of("during");
      CHECK(code_of(file->read_at(0, some_bytes, deadline)) == Errc::cancelled);
      CHECK(code_of(file->write_at(0, std::span<const Slice>(&other, 1), deadline)) == Errc::cancelled);
      CHECK(code_of(file->sync(deadline)) == Errc::cancelled);
      CHECK(code_of(file->truncate(0, deadline)) == Errc::cancelled);
      CHECK(code_of(file->size()) == Errc::cancelled);
      CHECK(code_of(disk.open("new", OpenMode::create, deadline)) == Errc::cancelled);
      CHECK(code_of(disk.rename("file", "moved", deadline)) == Errc::cancelled);
      CHECK(code_of(disk.remove("file", deadline)) == Errc::cancelled);
      CHECK(code_of(disk.create_directory("another", deadline)) == Errc::cancelled);
      CHECK(code_of(disk.remove_directory("directory", deadline)) == Errc::cancelled);
      CHECK(code_of(disk.list("", deadline)) == Errc::cancelled);
      CHECK(code_of(disk.sync_dir("", deadline)) == Errc::cancelled);
      CHECK(code_of(disk.lock()) == Errc::cancelled);
    });
    CHECK(need(disk.list("", deadline)) == std::vector<DirectoryEntry>{{"directory", true}, {"file", false}});
    CHECK(as_text(need(file->read_at(0, some_bytes, deadline))) == "before");
  });
}

TEST_CASE("cancellation: a node that ends cancels the fibers that are left") {
  in_every_world([](Nodes& nodes) {
    // Captured by value where it outlives this body.
    nodes.a.tasks.spawn_root("left over", [] { CHECK(sleep_until(no_deadline).error() == Errc::cancelled); });
    need(yield());
  });
}

// Streams: what TCP promises, and what it does not.
#include <array>

#include "tests/conformance/support.h"

using namespace faultline;
using namespace faultline::conformance;

TEST_CASE("stream: bytes arrive in order, in both directions, however they were cut") {
  in_every_world([](Nodes& nodes) {
    Connection c = connect(nodes);
    const std::string hello = "hello";
    const std::string world = ", world";
    const std::array<Bytes, 3> pieces{as_bytes(hello), Bytes(), as_bytes(world)};
    const std::size_t written = need(c.client->write_some(pieces, patience(nodes.a)));
    REQUIRE(written > 0);
    if (written < 12) send(nodes.a, *c.client, (hello + world).substr(written));
    CHECK(receive(nodes.b, *c.server, 3) == "hel");
    CHECK(receive(nodes.b, *c.server, 9) == "lo, world");
    send(nodes.b, *c.server, "and back");
    CHECK(receive(nodes.a, *c.client, 8) == "and back");
  });
}

TEST_CASE("stream: both ends know both addresses") {
  in_every_world([](Nodes& nodes) {
    Connection c = connect(nodes);
    CHECK(c.listener->local().port != 0);
    CHECK(c.client->peer() == c.listener->local());
    CHECK(c.server->local() == c.client->peer());
    CHECK(c.server->peer() == c.client->local());
  });
}

TEST_CASE("stream: a read takes what has arrived, without waiting for the buffer to fill") {
  in_every_world([](Nodes& nodes) {
    Connection c = connect(nodes);
    send(nodes.a, *c.client, "abc");
    const std::string part = need(receive_some(*c.server, 1000, patience(nodes.b)));
    CHECK_FALSE(part.empty());
    CHECK(std::string("abc").starts_with(part));
  });
}

TEST_CASE("stream: after the peer ended its side, what it sent is read, then the end, and writing goes on") {
  in_every_world([](Nodes& nodes) {
    Connection c = connect(nodes);
    send(nodes.a, *c.client, "question");
    need(c.client->shutdown_write());
    CHECK(need(receive_all(*c.server, patience(nodes.b))) == "question");
    CHECK(need(receive_some(*c.server, 10, patience(nodes.b))).empty());  // the end stays the end
    send(nodes.b, *c.server, "answer");
    need(c.server->shutdown_write());
    CHECK(need(receive_all(*c.client, patience(nodes.a))) == "answer");
  });
}

TEST_CASE("stream: writing after shutdown_write fails with closed") {
  in_every_world([](Nodes& nodes) {
    Connection c = connect(nodes);
    need(c.client->shutdown_write());
    CHECK(code_of(write_all(*c.client, as_bytes("x"), patience(nodes.a))) == Errc::closed);
    send(nodes.b, *c.server, "still open");
    CHECK(receive(nodes.a, *c.client, 10) == "still open");
  });
}

TEST_CASE("stream: destroying one end is an orderly end for the other if everything was read") {
  in_every_world([](Nodes& nodes) {
    Connection c = connect(nodes);
    send(nodes.a, *c.client, "last words");
    CHECK(receive(nodes.b, *c.server, 10) == "last words");
    c.client.reset();
    CHECK(need(receive_all(*c.server, patience(nodes.b))).empty());
  });
}

TEST_CASE("stream: what was written before an orderly end is delivered") {
  in_every_world([](Nodes& nodes) {
    Connection c = connect(nodes);
    send(nodes.a, *c.client, "last words");
    c.client.reset();
    CHECK(need(receive_all(*c.server, patience(nodes.b))) == "last words");
  });
}

TEST_CASE("stream: destroying an end with unread data resets the connection") {
  in_every_world([](Nodes& nodes) {
    Connection c = connect(nodes);
    send(nodes.a, *c.client, "ab");
    CHECK(receive(nodes.b, *c.server, 1) == "a");
    send(nodes.a, *c.client, "cd");
    // The second piece, or the rest of the first, is unread in any case.
    c.server.reset();
    CHECK(code_of(receive_all(*c.client, patience(nodes.a))) == Errc::connection_reset);
  });
}

TEST_CASE("stream: after a reset the peer reads a prefix of what was sent, then connection_reset, for good") {
  in_every_world([](Nodes& nodes) {
    Connection c = connect(nodes);
    send(nodes.a, *c.client, "unread");
    c.client->reset();
    std::string seen;
    Result<std::string> part = receive_some(*c.server, 2, patience(nodes.b));
    while (part.has_value() && !part->empty()) {
      seen += *part;
      part = receive_some(*c.server, 2, patience(nodes.b));
    }
    CHECK(std::string("unread").starts_with(seen));
    CHECK(code_of(part) == Errc::connection_reset);
    CHECK(code_of(receive_some(*c.server, 2, patience(nodes.b))) == Errc::connection_reset);
    CHECK(code_of(write_all(*c.server, as_bytes("x"), patience(nodes.b))) == Errc::connection_reset);
  });
}

TEST_CASE("stream: a reset ends the suspended calls of the same end with closed, and all later ones") {
  in_every_world([](Nodes& nodes) {
    Connection c = connect(nodes);
    TaskGroup group(nodes.a.tasks);
    bool read_ended = false;
    group.spawn("reader", [&] {
      CHECK(code_of(receive_some(*c.client, 10, patience(nodes.a))) == Errc::closed);
      read_ended = true;
    });
    need(yield());
    need(yield());
    c.client->reset();
    group.join();
    CHECK(read_ended);
    CHECK(code_of(receive_some(*c.client, 10, patience(nodes.a))) == Errc::closed);
    CHECK(code_of(write_all(*c.client, as_bytes("x"), patience(nodes.a))) == Errc::closed);
    CHECK(code_of(c.client->shutdown_write()) == Errc::closed);
    CHECK(code_of(receive_all(*c.server, patience(nodes.b))) == Errc::connection_reset);
  });
}

TEST_CASE("stream: a peer that is gone is noticed by a writer that goes on writing") {
  in_every_world([](Nodes& nodes) {
    Connection c = connect(nodes);
    c.server.reset();
    const std::string block(64 * 1024, 'x');
    Errc code = Errc::none;
    while (code == Errc::none) code = code_of(write_all(*c.client, as_bytes(block), patience(nodes.a)));
    CHECK(code == Errc::connection_reset);
  });
}

TEST_CASE("stream: a read that times out has read nothing, and the stream goes on") {
  in_every_world([](Nodes& nodes) {
    Connection c = connect(nodes);
    for (int round = 0; round < 3; ++round) {
      CHECK(code_of(receive_some(*c.server, 10, soon(nodes.b))) == Errc::timed_out);
      send(nodes.a, *c.client, "abc");
      CHECK(receive(nodes.b, *c.server, 3) == "abc");
    }
    CHECK(code_of(receive_some(*c.server, 10, nodes.b.clock.now())) == Errc::timed_out);
  });
}

TEST_CASE("stream: a timed-out read does not disturb a write that waits on the same stream") {
  in_every_world([](Nodes& nodes) {
    Connection c = connect(nodes);
    constexpr std::size_t total = 32 * 1024 * 1024;  // far more than the buffers between the two hold
    const Slice block = Slice::copy_of(std::string(total, 'w'));
    TaskGroup group(nodes.a.tasks);
    group.spawn("writer", [&] {
      need(write_all(*c.client, block.bytes(), patience(nodes.a)));
      need(c.client->shutdown_write());
    });
    for (int round = 0; round < 3; ++round) CHECK(code_of(receive_some(*c.client, 10, soon(nodes.a))) == Errc::timed_out);
    CHECK(need(receive_all(*c.server, patience(nodes.b))).size() == total);
    group.join();
  });
}

TEST_CASE("stream: a writer waits for its reader, with bounded memory, and goes on when it reads") {
  in_every_world([](Nodes& nodes) {
    Connection c = connect(nodes);
    constexpr std::size_t limit = 64 * 1024 * 1024;
    const Slice block = Slice::copy_of(std::string(256 * 1024, 'b'));
    const Bytes piece = block.bytes();
    std::size_t written = 0;
    Errc code = Errc::none;
    while (code == Errc::none && written < limit) {
      const Result<std::size_t> count = c.client->write_some(std::span<const Bytes>(&piece, 1), soon(nodes.a));
      code = code_of(count);
      if (count.has_value()) written += *count;
    }
    CHECK(code == Errc::timed_out);
    CHECK(written > 0);
    CHECK(written < limit);
    TaskGroup group(nodes.b.tasks);
    std::size_t seen = 0;
    group.spawn("reader", [&] { seen = need(receive_all(*c.server, patience(nodes.b))).size(); });
    need(write_all(*c.client, std::span<const Slice>(&block, 1), patience(nodes.a)));
    need(c.client->shutdown_write());
    group.join();
    CHECK(seen == written + block.size());
  });
}

TEST_CASE("stream: gathered writes of hundreds of pieces arrive whole") {
  in_every_world([](Nodes& nodes) {
    Connection c = connect(nodes);
    std::vector<Slice> pieces;
    std::string expected;
    for (std::size_t i = 0; i < 700; ++i) {
      const std::string piece(i % 37, static_cast<char>('a' + i % 26));
      expected += piece;
      pieces.push_back(Slice::copy_of(piece));
    }
    TaskGroup group(nodes.a.tasks);
    group.spawn("writer", [&] { need(write_all(*c.client, pieces, patience(nodes.a))); });
    CHECK(receive(nodes.b, *c.server, expected.size()) == expected);
    group.join();
  });
}

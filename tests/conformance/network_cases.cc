// Listening and connecting.
#include "tests/conformance/support.h"

using namespace faultline;
using namespace faultline::conformance;

TEST_CASE("network: a connection to a port where nobody listens is refused") {
  in_every_world([](Nodes& nodes) {
    Endpoint nobody;
    {
      const std::unique_ptr<Listener> listener = need(nodes.b.network.listen({nodes.b_host, 0}));
      nobody = listener->local();
    }
    CHECK(code_of(nodes.a.network.connect(nobody, patience(nodes.a))) == Errc::connection_refused);
  });
}

TEST_CASE("network: port 0 chooses a free port, and a chosen port can be asked for again once it is free") {
  in_every_world([](Nodes& nodes) {
    std::unique_ptr<Listener> first = need(nodes.b.network.listen({nodes.b_host, 0}));
    const std::unique_ptr<Listener> second = need(nodes.b.network.listen({nodes.b_host, 0}));
    CHECK(first->local().port != 0);
    CHECK(second->local().port != 0);
    CHECK(first->local() != second->local());
    const Endpoint where = first->local();
    first.reset();
    first = need(nodes.b.network.listen(where));
    CHECK(first->local() == where);
  });
}

TEST_CASE("network: an address that is listened on already is in use") {
  in_every_world([](Nodes& nodes) {
    const std::unique_ptr<Listener> first = need(nodes.b.network.listen({nodes.b_host, 0}));
    CHECK(code_of(nodes.b.network.listen(first->local())) == Errc::address_in_use);
  });
}

TEST_CASE("network: a port is free for a new listener while connections of the old one live on") {
  in_every_world([](Nodes& nodes) {
    Connection c = connect(nodes);
    const Endpoint where = c.listener->local();
    c.listener.reset();
    c.listener = need(nodes.b.network.listen(where));
    send(nodes.a, *c.client, "still here");
    CHECK(receive(nodes.b, *c.server, 10) == "still here");
  });
}

TEST_CASE("network: connections are established before they are accepted, and accepted one by one") {
  in_every_world([](Nodes& nodes) {
    const std::unique_ptr<Listener> listener = need(nodes.b.network.listen({nodes.b_host, 0}));
    constexpr int count = 20;
    std::vector<std::unique_ptr<Stream>> clients;
    for (int i = 0; i < count; ++i) {
      clients.push_back(need(nodes.a.network.connect(listener->local(), patience(nodes.a))));
      send(nodes.a, *clients.back(), std::to_string(100 + i));
    }
    std::vector<std::string> greetings;
    for (int i = 0; i < count; ++i) {
      const std::unique_ptr<Stream> server = need(listener->accept(patience(nodes.b)));
      greetings.push_back(receive(nodes.b, *server, 3));
    }
    std::sort(greetings.begin(), greetings.end());
    CHECK(std::unique(greetings.begin(), greetings.end()) == greetings.end());
    CHECK(code_of(listener->accept(soon(nodes.b))) == Errc::timed_out);
  });
}

TEST_CASE("network: an accept that timed out can be followed by one that succeeds") {
  in_every_world([](Nodes& nodes) {
    const std::unique_ptr<Listener> listener = need(nodes.b.network.listen({nodes.b_host, 0}));
    CHECK(code_of(listener->accept(soon(nodes.b))) == Errc::timed_out);
    const std::unique_ptr<Stream> client = need(nodes.a.network.connect(listener->local(), patience(nodes.a)));
    const std::unique_ptr<Stream> server = need(listener->accept(patience(nodes.b)));
    send(nodes.b, *server, "welcome");
    CHECK(receive(nodes.a, *client, 7) == "welcome");
  });
}

TEST_CASE("network: closing a listener ends its suspended accepts with closed, and all later ones") {
  in_every_world([](Nodes& nodes) {
    const std::unique_ptr<Listener> listener = need(nodes.b.network.listen({nodes.b_host, 0}));
    TaskGroup group(nodes.b.tasks);
    int ended = 0;
    for (int i = 0; i < 3; ++i) {
      group.spawn("accept", [&] {
        CHECK(code_of(listener->accept(patience(nodes.b))) == Errc::closed);
        ++ended;
      });
    }
    need(yield());
    need(yield());
    listener->close();
    group.join();
    CHECK(ended == 3);
    CHECK(code_of(listener->accept(patience(nodes.b))) == Errc::closed);
    CHECK(code_of(nodes.a.network.connect(listener->local(), patience(nodes.a))) == Errc::connection_refused);
  });
}

TEST_CASE("network: connections that nobody accepted are reset when the listener goes") {
  in_every_world([](Nodes& nodes) {
    std::unique_ptr<Listener> listener = need(nodes.b.network.listen({nodes.b_host, 0}));
    const std::unique_ptr<Stream> client = need(nodes.a.network.connect(listener->local(), patience(nodes.a)));
    listener.reset();
    CHECK(code_of(receive_all(*client, patience(nodes.a))) == Errc::connection_reset);
  });
}

TEST_CASE("network: hundreds of connections talk at the same time") {
  in_every_world([](Nodes& nodes) {
    const std::unique_ptr<Listener> listener = need(nodes.b.network.listen({nodes.b_host, 0}));
    constexpr int count = 300;
    constexpr int rounds = 5;
    TaskGroup servers(nodes.b.tasks);
    servers.spawn("acceptor", [&] {
      TaskGroup connections(nodes.b.tasks);
      for (int i = 0; i < count; ++i) {
        std::unique_ptr<Stream> stream = need(listener->accept(patience(nodes.b)));
        connections.spawn("echo", [&nodes, stream = std::move(stream)] {
          for (;;) {
            const std::string text = need(receive_some(*stream, 100, patience(nodes.b)));
            if (text.empty()) break;
            send(nodes.b, *stream, text);
          }
        });
      }
      connections.join();
    });
    int answered = 0;
    TaskGroup clients(nodes.a.tasks);
    for (int i = 0; i < count; ++i) {
      clients.spawn("client", [&, i] {
        const std::unique_ptr<Stream> stream = need(nodes.a.network.connect(listener->local(), patience(nodes.a)));
        for (int round = 0; round < rounds; ++round) {
          const std::string text = std::to_string(i * rounds + round);
          send(nodes.a, *stream, text);
          CHECK(receive(nodes.a, *stream, text.size()) == text);
        }
        ++answered;
      });
    }
    clients.join();
    servers.join();
    CHECK(answered == count);
  });
}

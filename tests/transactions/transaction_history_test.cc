// The history and its builder.
#include "checkers/transactions/transaction_history.h"

#include <array>
#include <catch2/catch.hpp>
#include <vector>

namespace faultline::transactions {
namespace {

using checkers::Outcome;

TEST_CASE("transaction history: micro-operations belong to the transaction that ends next") {
  TransactionHistoryBuilder builder;
  const Key x = builder.key("x");
  const Key y = builder.key("y");
  const TransactionId first = builder.invoke(0, 10);
  const TransactionId second = builder.invoke(1, 11);
  builder.append(y, builder.value(7));
  const std::array list{Value(1), Value(2)};
  builder.read_list(x, list);
  builder.complete(second, Outcome::ok);
  builder.append(x, builder.value(1));
  builder.complete(first, Outcome::indefinite);
  const TransactionHistory history = std::move(builder).take();

  REQUIRE(history.transactions.size() == 2);
  CHECK(history.transactions[0].completion_index == 3);
  CHECK(history.transactions[0].source == 10);
  CHECK(history.transactions[1].completion_index == 2);
  CHECK(history.event_count == 4);
  REQUIRE(history.operations_of(1).size() == 2);
  CHECK(history.operations_of(1)[0].value() == Value(7));
  CHECK(history.key_name(history.operations_of(1)[1].key()) == "x");
  CHECK(std::vector<std::uint32_t>(history.list_of(history.operations_of(1)[1]).begin(),
                                   history.list_of(history.operations_of(1)[1]).end()) == std::vector<std::uint32_t>{1, 2});
  REQUIRE(history.operations_of(0).size() == 1);
  CHECK(history.operations_of(0)[0].function() == Function::append);
}

TEST_CASE("transaction history: every value has one code and prints as it came") {
  TransactionHistoryBuilder builder;
  CHECK(builder.value(17) == Value(17));
  const Value negative = builder.value(-5);
  const Value large = builder.value(std::int64_t{1} << 40);
  const Value text = builder.value("abc");
  CHECK(builder.value(-5) == negative);
  CHECK(builder.value("abc") == text);
  CHECK(negative != large);
  const TransactionHistory history = std::move(builder).take();
  CHECK(history.value_text(Value(17)) == "17");
  CHECK(history.value_text(negative) == "-5");
  CHECK(history.value_text(large) == "1099511627776");
  CHECK(history.value_text(text) == "abc");
  CHECK(history.value_text(nil) == "nil");
}

TEST_CASE("transaction history: what never ended is open, with or without its micro-operations") {
  TransactionHistoryBuilder builder;
  const TransactionId told = builder.invoke(0, 0);
  builder.invoke(1, 1);
  builder.write(builder.key("x"), builder.value(1));
  builder.leave_open(told);
  const TransactionHistory history = std::move(builder).take();
  CHECK(history.transactions[0].outcome == Outcome::indefinite);
  CHECK(history.transactions[0].completion_index == checkers::no_event);
  CHECK(history.operations_of(0).size() == 1);
  CHECK(history.transactions[1].outcome == Outcome::indefinite);
  CHECK(history.operations_of(1).empty());
  CHECK(history.event_count == 2);
}

}  // namespace
}  // namespace faultline::transactions

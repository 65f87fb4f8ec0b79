#include "deletion_answers.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "support/run_loop.hpp"

using namespace ipsec9000;
using namespace ipsec9000::test;

namespace {
struct Asked {
  EventLoop loop;
  DeletionAnswers deletions{loop, Duration(100)};
  std::vector<Json> answers;
  RpcServer::Reply reply() {
    return [this](const Result<Json>& given) { answers.push_back(*given); };
  }
  bool answered(std::size_t count) {
    return run_until(loop, [&] { return answers.size() >= count; });
  }
};
}  // namespace

TEST_CASE("where nobody has to be told later the answer comes at once, but not from within") {
  Asked asked;
  asked.deletions.add({1, 4, {}, 2}, asked.reply());
  CHECK(asked.answers.empty());  // the SAs are still to be taken out of the kernel
  REQUIRE(asked.answered(1));
  CHECK(asked.answers[0] == Json{{"isakmp_sas", 1}, {"ipsec_sas", 4}, {"peer_not_told", 2}, {"peer_being_told", 0}});
}

TEST_CASE("the answer waits for everything that this peer is told of") {
  Asked asked;
  DeletionAnswers deletions(asked.loop);
  deletions.add({0, 6, {{7, 4}, {8, 2}}, 0}, asked.reply());
  deletions.ended({6, true});
  deletions.ended({7, true});
  run_for(asked.loop, Duration(20));
  CHECK(asked.answers.empty());
  deletions.ended({8, false});
  REQUIRE(asked.answered(1));
  CHECK(asked.answers[0]["peer_not_told"] == 2);
  CHECK(asked.answers[0]["peer_being_told"] == 0);
  deletions.ended({8, true});
  run_for(asked.loop, Duration(20));
  CHECK(asked.answers.size() == 1);
}

TEST_CASE("each of two who ask hears of what was deleted until then") {
  Asked asked;
  DeletionAnswers deletions(asked.loop);
  deletions.add({0, 2, {{7, 2}}, 0}, asked.reply());
  deletions.add({0, 2, {{7, 4}}, 0}, asked.reply());
  deletions.ended({7, false});
  REQUIRE(asked.answered(2));
  CHECK(asked.answers[0]["peer_not_told"] == 2);
  CHECK(asked.answers[1]["peer_not_told"] == 4);
}

TEST_CASE("a peer that does not answer keeps nobody waiting for long") {
  Asked asked;
  asked.deletions.add({0, 2, {{7, 2}}, 0}, asked.reply());
  REQUIRE(asked.answered(1));
  CHECK(asked.answers[0]["peer_not_told"] == 0);
  CHECK(asked.answers[0]["peer_being_told"] == 2);
}

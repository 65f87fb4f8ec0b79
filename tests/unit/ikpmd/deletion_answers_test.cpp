#include "deletion_answers.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace ipsec9000;

namespace {
const IpAddress remote = *IpAddress::parse("10.1.0.2");
const IpAddress another = *IpAddress::parse("10.1.0.3");

struct Asked {
  std::vector<Json> answers;
  RpcServer::Reply reply() {
    return [this](const Result<Json>& given) { answers.push_back(*given); };
  }
};
}  // namespace

TEST_CASE("where nobody has to be told later the answer comes at once") {
  EventLoop loop;
  DeletionAnswers deletions(loop);
  Asked asked;
  deletions.add(remote, {1, 4, 0, 2}, asked.reply());
  REQUIRE(asked.answers.size() == 1);
  CHECK(asked.answers[0] == Json{{"isakmp_sas", 1}, {"ipsec_sas", 4}, {"peer_not_told", 2}, {"peer_being_told", 0}});
}

TEST_CASE("the answer waits for everything that this peer is told of") {
  EventLoop loop;
  DeletionAnswers deletions(loop);
  Asked asked;
  deletions.add(remote, {0, 6, 6, 0}, asked.reply());
  deletions.ended({another, 6, 0});
  deletions.ended({remote, 4, 0});
  CHECK(asked.answers.empty());
  deletions.ended({remote, 0, 2});
  REQUIRE(asked.answers.size() == 1);
  CHECK(asked.answers[0]["peer_not_told"] == 2);
  CHECK(asked.answers[0]["peer_being_told"] == 0);
  deletions.ended({remote, 2, 0});
  CHECK(asked.answers.size() == 1);
}

TEST_CASE("two who ask for the same are both answered") {
  EventLoop loop;
  DeletionAnswers deletions(loop);
  Asked first;
  Asked second;
  deletions.add(remote, {0, 2, 2, 0}, first.reply());
  deletions.add(remote, {0, 0, 2, 0}, second.reply());
  deletions.ended({remote, 2, 0});
  CHECK(first.answers.size() == 1);
  CHECK(second.answers.size() == 1);
}

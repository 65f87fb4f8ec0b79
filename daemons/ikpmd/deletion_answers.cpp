#include "deletion_answers.hpp"

#include <nlohmann/json.hpp>

namespace ipsec9000 {

void DeletionAnswers::answer_after(Duration wait, std::list<Entry>::iterator entry) {
  entry->due.arm(wait, [this, entry] {
    std::list<Entry> over;
    over.splice(over.end(), entries_, entry);
    const auto& deleted = over.front().deleted;
    over.front().reply(Json{{"isakmp_sas", deleted.isakmp_sas},
                            {"ipsec_sas", deleted.ipsec_sas},
                            {"peer_not_told", deleted.untold},
                            {"peer_being_told", deleted.being_told()}});
  });
}

void DeletionAnswers::add(const ike::Engine::Deleted& deleted, RpcServer::Reply reply) {
  const bool at_once = deleted.telling.empty() || entries_.size() >= most;
  entries_.push_back({deleted, std::move(reply), EventLoop::Timer(loop_)});
  answer_after(at_once ? Duration{0} : longest_wait_, std::prev(entries_.end()));
}

void DeletionAnswers::ended(const ike::FarewellEnded& farewell) {
  for (auto entry = entries_.begin(); entry != entries_.end(); ++entry) {
    auto& deleted = entry->deleted;
    const auto found = deleted.telling.extract(farewell.farewell);
    if (found.empty()) continue;
    if (!farewell.told) deleted.untold += found.mapped();
    if (deleted.telling.empty()) answer_after(Duration{0}, entry);
  }
}

}  // namespace ipsec9000

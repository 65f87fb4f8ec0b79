#include "deletion_answers.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>

namespace ipsec9000 {

void DeletionAnswers::answer(const Entry& entry) {
  entry.reply(Json{{"isakmp_sas", entry.deleted.isakmp_sas},
                   {"ipsec_sas", entry.deleted.ipsec_sas},
                   {"peer_not_told", entry.deleted.untold},
                   {"peer_being_told", entry.deleted.telling}});
}

void DeletionAnswers::add(const IpAddress& remote, const ike::Engine::Deleted& deleted, RpcServer::Reply reply) {
  Entry fresh{remote, deleted, std::move(reply), EventLoop::Timer(loop_)};
  if (deleted.telling == 0 || entries_.size() >= most) return answer(fresh);
  const auto at = entries_.insert(entries_.end(), std::move(fresh));
  at->limit.arm(longest_wait, [this, at] {
    std::list<Entry> over;
    over.splice(over.end(), entries_, at);
    answer(over.front());
  });
}

void DeletionAnswers::ended(const ike::FarewellEnded& farewell) {
  std::list<Entry> over;
  for (auto at = entries_.begin(); at != entries_.end();) {
    const auto here = at++;
    if (here->remote != farewell.remote) continue;
    here->deleted.telling -= std::min(here->deleted.telling, farewell.told + farewell.untold);
    here->deleted.untold += farewell.untold;
    if (here->deleted.telling == 0) over.splice(over.end(), entries_, here);
  }
  for (const auto& entry : over) answer(entry);
}

}  // namespace ipsec9000

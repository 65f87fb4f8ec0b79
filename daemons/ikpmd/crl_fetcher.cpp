#include "crl_fetcher.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "audit/events.hpp"
#include "base/text.hpp"
#include "fetch.hpp"
#include "pki/crl.hpp"

namespace ipsec9000 {

namespace {
constexpr Duration patience = seconds(fetch_seconds + 10);
constexpr Duration retry = std::chrono::minutes(5);
constexpr std::size_t urls_maximum = 1000;

struct Spawned {
  pid_t pid;
  FileDescriptor output;
};

Result<Spawned> spawn_fetch(const std::string& url) {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) != 0) return system_error("a pipe");
  FileDescriptor output(ends[0]);
  const FileDescriptor input(ends[1]);
  std::string program = "ikpmd", option = "--fetch", address = url;
  char* arguments[] = {program.data(), option.data(), address.data(), nullptr};
  char* environment[] = {nullptr};
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, input.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t pid = -1;
  const int code = ::posix_spawn(&pid, "/proc/self/exe", &actions, nullptr, arguments, environment);
  ::posix_spawn_file_actions_destroy(&actions);
  if (code != 0) return system_error("starting the fetching process", code);
  return Spawned{pid, std::move(output)};
}

Duration until_next(const Json& answer) {
  const auto items = answer.find("items");
  if (items == answer.end() || !items->is_array() || items->empty()) return retry;
  const auto wait = items->front().find("refresh_seconds");
  return wait != items->front().end() && wait->is_number_integer() ? seconds(wait->get<std::int64_t>()) : retry;
}
}  // namespace

CrlFetcher::~CrlFetcher() {
  if (!child_) return;
  ::kill(child_->pid, SIGKILL);
  ::waitpid(child_->pid, nullptr, 0);
}

void CrlFetcher::watch(const std::vector<std::string>& urls) {
  std::erase_if(due_, [&](const auto& entry) { return std::ranges::find(urls, entry.first) == urls.end(); });
  for (const auto& url : urls)
    if (due_.size() < urls_maximum) due_.try_emplace(url, loop_.now());
  fetch_due();
}

void CrlFetcher::fetch_due() {
  if (child_ || due_.empty()) return;
  const auto first = std::ranges::min_element(due_, {}, [](const auto& entry) { return entry.second; });
  if (first->second <= loop_.now()) return start(first->first);
  next_.arm_at(first->second, [this] { fetch_due(); });
}

void CrlFetcher::start(const std::string& url) {
  auto spawned = spawn_fetch(url);
  if (!spawned) return failed(url, spawned.error().text);
  child_.emplace(Child{url, spawned->pid, std::move(spawned->output), {}, {}});
  child_->watch = loop_.watch_readable(child_->output.get(), [this] { read(); });
  patience_.arm(patience, [this] {
    child_->bytes.clear();
    ::kill(child_->pid, SIGKILL);
    end();
  });
}

void CrlFetcher::read() {
  std::uint8_t part[65536];
  const auto length = ::read(child_->output.get(), part, sizeof part);
  if (length < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (length > 0 && child_->bytes.size() <= pki::crl_bytes_maximum) {
    child_->bytes.insert(child_->bytes.end(), part, part + length);
    return;
  }
  end();
}

// Its output has ended, so it is ending too, or is killed: waiting is short.
void CrlFetcher::end() {
  patience_.cancel();
  ::kill(child_->pid, SIGKILL);
  int status = 0;
  ::waitpid(child_->pid, &status, 0);
  const auto url = child_->url;
  const auto bytes = std::move(child_->bytes);
  child_.reset();
  const bool parsed_later = !bytes.empty() && bytes.front() == 0x30;
  if (!parsed_later) {
    const std::string said(bytes.begin(),
                           bytes.begin() + static_cast<std::ptrdiff_t>(std::min<std::size_t>(bytes.size(), 300)));
    return failed(url, said.empty() ? "no answer in " + std::to_string(fetch_seconds) + " s" : escape_control(said));
  }
  certificates_.perform("crl.add", Json{{"data_hex", to_hex(bytes)}}, Secret(),
                        [this, url](const Result<Json>& answer) {
                          if (!answer) return failed(url, answer.error().text);
                          fetched(url, *answer);
                        });
}

void CrlFetcher::failed(const std::string& url, const std::string& reason) {
  const bool strict = certificates_.rules().revocation == pki::Revocation::strict;
  audit_.record(audit::crl_not_fetched, {{"url", url}, {"reason", reason}, {"policy", strict ? "strict" : "tolerant"}});
  if (const auto entry = due_.find(url); entry != due_.end()) entry->second = loop_.now() + retry;
  fetch_due();
}

void CrlFetcher::fetched(const std::string& url, const Json& answer) {
  audit_.record(audit::crl_fetched, {{"url", url}});
  if (const auto entry = due_.find(url); entry != due_.end()) entry->second = loop_.now() + until_next(answer);
  fetch_due();
}

}  // namespace ipsec9000

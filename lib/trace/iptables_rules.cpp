#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/pipe.hpp"
#include "trace/nflog.hpp"
#include "trace/rules.hpp"

namespace ipsec9000 {

namespace {
constexpr int ready_time = 10'000;  // milliseconds; another program may hold the lock of iptables

std::string quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

struct Chain {
  const char* name;
  const char* hook;
  const char* loopback;  // the match for it, "" for none
};
constexpr Chain chains[] = {{"IPSEC9000-TRACE-O", "OUTPUT", "-o lo"},
                            {"IPSEC9000-TRACE-I", "INPUT", "-i lo"},
                            {"IPSEC9000-TRACE-F", "FORWARD", ""}};

std::string log_rule(const Chain& chain, std::uint16_t group, TracedProtocols protocols, TracedAt at,
                     const char* match) {
  auto rule = "-A " + std::string(chain.name);
  if (const auto number = protocol_number(protocols); number != 0) rule += " -p " + std::to_string(number);
  return rule + " " + match + " -j NFLOG --nflog-group " + std::to_string(group) + " --nflog-prefix " +
         quoted(nflog::prefix_of(at)) + "\n";
}

std::string rules_in(std::uint16_t group, TracedProtocols protocols) {
  std::string text = "*mangle\n";
  for (const auto& chain : chains) {
    const auto append = "-A " + std::string(chain.name) + " ";
    text += ":" + std::string(chain.name) + " - [0:0]\n";
    if (*chain.loopback != '\0') text += append + chain.loopback + " -j RETURN\n";
    for (const auto port : untraced_ports)
      for (const char* end : {"--sport ", "--dport "})
        text += append + "-p 17 " + end + std::to_string(port) + " -j RETURN\n";
    if (protocols == TracedProtocols::all) text += append + "-p 50 -j RETURN\n" + append + "-p 51 -j RETURN\n";
    text += "-I " + std::string(chain.hook) + " -j " + chain.name + "\n";
  }
  constexpr const char* through_sa = "-m policy --dir in --pol ipsec";
  constexpr const char* in_clear = "-m policy --dir in --pol none";
  text += log_rule(chains[0], group, protocols, TracedAt::out, "");
  text += log_rule(chains[1], group, protocols, TracedAt::in_ipsec, through_sa);
  text += log_rule(chains[1], group, protocols, TracedAt::in_clear, in_clear);
  text += log_rule(chains[2], group, protocols, TracedAt::forward_ipsec, through_sa);
  text += log_rule(chains[2], group, protocols, TracedAt::forward_clear, in_clear);
  return text + "COMMIT\n";
}

std::string rules_out(std::span<const Chain> all) {
  std::string text = "*mangle\n";
  for (const auto& chain : all) text += "-D " + std::string(chain.hook) + " -j " + chain.name + "\n";
  for (const auto& chain : all) text += "-F " + std::string(chain.name) + "\n-X " + chain.name + "\n";
  return text + "COMMIT\n";
}

// $1 the rules, $2 their removal, $3 the rules for IPv6. A kernel without IPv6 has no rules for it. Says what failed,
// or "ready", then waits for the end of its input; signals to the whole group (an orderly stop) do not end it before
// that.
constexpr const char* script = R"(
trap '' TERM INT HUP
PATH=/usr/sbin:/usr/bin:/sbin:/bin
find() { command -v "$1-legacy-restore" || command -v "$1-restore"; }
four=$(find iptables) || { echo 'there is no program iptables-restore'; exit 1; }
six=$(find ip6tables) || six=
out() { printf '%s' "$2" | "$1" -w 5 --noflush >/dev/null 2>&1; }
remove() { out "$four" "$1"; [ -z "$six" ] || out "$six" "$1"; }
remove "$2"
failure=$(printf '%s' "$1" | "$four" -w 5 --noflush 2>&1) || { printf '%s\n' "$failure" | head -n 1; exit 1; }
[ -z "$six" ] || out "$six" "$3" || six=
echo ready
cat >/dev/null
remove "$2"
)";

class IptablesRules final : public TraceRules {
 public:
  IptablesRules(pid_t child, FileDescriptor held) : child_(child), held_(std::move(held)) {}
  IptablesRules(const IptablesRules&) = delete;
  IptablesRules& operator=(const IptablesRules&) = delete;
  ~IptablesRules() override {
    held_.reset();  // its sign to take the rules back
    while (::waitpid(child_, nullptr, 0) < 0 && errno == EINTR) continue;
  }

 private:
  pid_t child_;
  FileDescriptor held_;
};

constexpr Chain clear_chains[] = {{"IPSEC9000-CLEAR", "PREROUTING", "-i lo"}};

std::string clear_rules(std::uint16_t group, std::span<const TunnelPath> paths, Family family) {
  const auto& chain = clear_chains[0];
  const auto append = "-A " + std::string(chain.name) + " ";
  auto text = "*mangle\n:" + std::string(chain.name) + " - [0:0]\n" + append + chain.loopback + " -j RETURN\n" +
              append + "-m policy --dir in --pol ipsec -j RETURN\n" + append + "-p 50 -j RETURN\n" + append +
              "-p 51 -j RETURN\n";
  for (const auto port : untraced_ports) text += append + "-p 17 --dport " + std::to_string(port) + " -j RETURN\n";
  const auto rate = std::to_string(clear_packets_a_second);
  for (const auto& path : paths)
    if (path.source.family() == family)
      text += append + "-s " + path.source.to_string() + " -d " + path.destination.to_string() + " -m limit --limit " +
              rate + "/s --limit-burst " + rate + " -j NFLOG --nflog-group " + std::to_string(group) +
              " --nflog-size " + std::to_string(clear_packet_bytes) + " --nflog-prefix " +
              quoted(nflog::prefix_of(TracedAt::in_clear)) + "\n";
  return text + "-I " + chain.hook + " -j " + chain.name + "\nCOMMIT\n";
}

// The first line that the child writes.
std::string first_line(int from) {
  std::string said;
  std::array<char, 256> chunk{};
  while (said.find('\n') == std::string::npos && said.size() < 1024) {
    pollfd waiting{from, POLLIN, 0};
    if (::poll(&waiting, 1, ready_time) <= 0) return "it took too long";
    const auto count = ::read(from, chunk.data(), chunk.size());
    if (count <= 0) break;
    said.append(chunk.data(), static_cast<std::size_t>(count));
  }
  return said.substr(0, said.find('\n'));
}

Result<std::unique_ptr<TraceRules>> install(const std::string& four, const std::string& six,
                                            const std::string& remove) {
  auto in = make_pipe(), out = make_pipe();
  if (!in) return in.error();
  if (!out) return out.error();
  const std::array<const char*, 8> arguments{"sh",         "-c",           script,      "ipsec9000-trace",
                                             four.c_str(), remove.c_str(), six.c_str(), nullptr};
  const pid_t child = ::fork();
  if (child < 0) return system_error("starting iptables");
  if (child == 0) {  // only async-signal-safe calls
    ::dup2(in->reading.get(), STDIN_FILENO);
    ::dup2(out->writing.get(), STDOUT_FILENO);
    ::close_range(3, ~0U, 0);
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    ::execv("/bin/sh", const_cast<char* const*>(arguments.data()));  // NOLINT(cppcoreguidelines-pro-type-const-cast)
    ::_exit(127);
  }
  in->reading.reset();
  out->writing.reset();
  auto rules = std::make_unique<IptablesRules>(child, std::move(in->writing));
  const auto said = first_line(out->reading.get());
  if (said != "ready") return Error{ErrorCode::unsupported, "iptables: " + (said.empty() ? "it said nothing" : said)};
  return std::unique_ptr<TraceRules>(std::move(rules));
}

}  // namespace

Result<std::unique_ptr<TraceRules>> install_iptables_rules(std::uint16_t group, TracedProtocols protocols) {
  const auto rules = rules_in(group, protocols);
  return install(rules, rules, rules_out(chains));
}

Result<std::unique_ptr<TraceRules>> install_iptables_clear_rules(std::uint16_t group,
                                                                 std::span<const TunnelPath> paths) {
  return install(clear_rules(group, paths, Family::ipv4), clear_rules(group, paths, Family::ipv6),
                 rules_out(clear_chains));
}

}  // namespace ipsec9000

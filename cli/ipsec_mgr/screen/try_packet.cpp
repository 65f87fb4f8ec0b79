#include "cli/ipsec_mgr/screen/try_packet.hpp"

#include <algorithm>
#include <array>

#include "base/text.hpp"

namespace ipsec9000::screen {

namespace {
constexpr std::array labels{"Direction (in, out)", "Source address",   "Source port",
                            "Destination address", "Destination port", "Protocol"};
constexpr std::size_t candidates_maximum = 200;

Error wrong(std::string text) { return Error{ErrorCode::invalid_input, std::move(text)}; }

Result<std::optional<IpAddress>> address(const std::string& text, const char* label) {
  if (text.empty() || text == "any") return std::optional<IpAddress>();
  const auto parsed = IpAddress::parse(text);
  if (!parsed) return parsed.error().within(label);
  return std::optional(*parsed);
}

Result<std::uint16_t> port(const std::string& text, const char* label) {
  if (text.empty() || text == "any") return std::uint16_t{0};
  const auto number = parse_number(text, 65535);
  if (!number) return wrong(std::string(label) + ": expected a port from 0 to 65535, or any");
  return static_cast<std::uint16_t>(*number);
}

std::string one_of(const std::optional<Prefix>& prefix) { return prefix ? prefix->address().to_string() : ""; }
std::string one_of(const PortRange& ports) { return ports.is_any() ? "" : std::to_string(ports.first); }
}  // namespace

Result<PacketWords::Question> PacketWords::question() const {
  if (direction != "in" && direction != "out") return wrong("Direction: expected in or out");
  const auto from = address(source, labels[1]);
  if (!from) return from.error();
  const auto to = address(destination, labels[3]);
  if (!to) return to.error();
  if (*from && *to && (*from)->family() != (*to)->family())
    return wrong("source and destination are of different families");
  const auto family = *from ? (*from)->family() : *to ? (*to)->family() : Family::ipv4;
  const auto from_port = port(source_port, labels[2]);
  if (!from_port) return from_port.error();
  const auto to_port = port(destination_port, labels[4]);
  if (!to_port) return to_port.error();
  const auto above = parse_protocol(protocol.empty() ? "any" : protocol);
  if (!above) return above.error().within("Protocol");
  if ((*from_port != 0 || *to_port != 0) && !has_ports(*above) && !is_icmp(*above))
    return wrong("ports need a protocol that has them: tcp, udp or sctp");
  return Question{
      {from->value_or(IpAddress::any(family)), to->value_or(IpAddress::any(family)), *above, *from_port, *to_port},
      direction == "in" ? Direction::in : Direction::out};
}

PacketWords PacketWords::example_of(const Filter& filter) {
  PacketWords words;
  words.source = one_of(filter.local);
  words.destination = one_of(filter.remote);
  if (filter.protocol != IpProtocol::any) words.protocol = to_string(filter.protocol);
  words.source_port = one_of(filter.local_port);
  words.destination_port = one_of(filter.remote_port);
  return words;
}

std::vector<std::string> answer_lines(const Configuration& configuration, const PacketWords::Question& question) {
  const Matcher matcher(configuration);
  const auto explained = matcher.explain(question.flow, question.direction, candidates_maximum);
  const auto& match = explained.match;
  auto head = "Policy: " + match.name() + " (" + to_string(match.kind);
  if (match.place() != 0) head += ", place " + std::to_string(match.place());
  std::vector<std::string> lines{head + "): " + to_string(match.action)};
  if (match.policy != nullptr && match.action == Decision::secure) {
    const auto remote =
        match.policy->tunnel ? match.policy->tunnel->remote : seen_from_here(question.flow, question.direction).remote;
    const auto* isakmp = select_isakmp_policy(configuration.isakmp_policies, remote);
    lines.push_back("ISAKMP policy: " + (isakmp == nullptr ? std::string("none for this peer") : isakmp->name));
  }
  lines.emplace_back();
  for (const auto& candidate : explained.candidates) {
    const auto name = candidate.policy == nullptr ? std::string("default") : candidate.policy->name;
    lines.push_back((candidate.chosen ? "* " : "  ") + name + " (" + to_string(candidate.kind) +
                    "): " + candidate.reason);
  }
  if (explained.omitted != 0) lines.push_back("  and " + std::to_string(explained.omitted) + " more");
  return lines;
}

TryPacket::TryPacket(Desk& desk, Configuration configuration, std::string note, PacketWords words)
    : desk_(desk), configuration_(std::move(configuration)), note_(std::move(note)) {
  for (const auto* text : {&words.direction, &words.source, &words.source_port, &words.destination,
                           &words.destination_port, &words.protocol})
    entries_.emplace_back(*text);
  answer();
}

PacketWords TryPacket::words() const {
  const auto text = [&](std::size_t n) { return std::string(trim(entries_[n].text())); };
  return {text(0), text(1), text(2), text(3), text(4), text(5)};
}

void TryPacket::answer() {
  const auto question = words().question();
  wrong_ = !question.has_value();
  lines_ = question ? answer_lines(configuration_, *question) : std::vector{question.error().text};
  top_ = 0;
}

void TryPacket::draw(Canvas& canvas, const Rect& area) const {
  canvas.box(area, "Which policy? " + note_);
  const int column = area.column + 2;
  constexpr int label_width = 22;
  int row = area.row;
  for (std::size_t n = 0; n < entries_.size(); ++n) {
    const bool here = n == focus_;
    canvas.put(++row, column, (here ? ">" : " ") + std::string(labels[n]), here ? Style::chosen : Style::plain);
    entries_[n].draw(canvas, row, column + label_width, std::min(40, area.columns - label_width - 6), here);
    canvas.on_click({row, column, 1, area.columns - 4}, static_cast<int>(n));
  }
  row += 2;
  const int room = area.row + area.rows - 1 - row;
  top_ = std::clamp(top_, 0, std::max(static_cast<int>(lines_.size()) - room, 0));
  for (int n = 0; n < room; ++n) {
    const auto line = static_cast<std::size_t>(top_) + static_cast<std::size_t>(n);
    if (line >= lines_.size()) break;
    const auto style = wrong_ ? Style::error : line == 0 ? Style::heading : Style::plain;
    canvas.put(row + n, column, lines_[line], style, area.columns - 4);
  }
}

void TryPacket::choose(int item, bool) {
  if (item >= 0 && static_cast<std::size_t>(item) < entries_.size()) focus_ = static_cast<std::size_t>(item);
}

void TryPacket::handle(const Key& key) {
  const auto count = entries_.size();
  if (key.code == KeyCode::escape) return desk_.close(*this);
  if (key == Key::function(4)) {
    auto now = words();
    const bool out = now.direction == "in";
    std::swap(entries_[1], entries_[3]);
    std::swap(entries_[2], entries_[4]);
    entries_[0].set(out ? "out" : "in");
    return answer();
  }
  if (key.code == KeyCode::enter || key.code == KeyCode::tab || key.code == KeyCode::down)
    focus_ = (focus_ + 1) % count;
  else if (key.code == KeyCode::back_tab || key.code == KeyCode::up)
    focus_ = (focus_ + count - 1) % count;
  else if (key.code == KeyCode::page_down)
    ++top_;
  else if (key.code == KeyCode::page_up)
    --top_;
  else if (entries_[focus_].handle(key))
    answer();
}

std::vector<KeyHelp> TryPacket::keys() const {
  return {{{KeyCode::tab}, "Tab", "next field"},
          {Key::function(4), "F4", "the answering packet"},
          {{KeyCode::page_down}, "PgDn", "more"},
          {{KeyCode::escape}, "Esc", "back"}};
}

std::string TryPacket::help() const {
  return "Type a packet as it would be seen on the wire; what is left empty is any. The answer follows as you type: "
         "the "
         "policy that is chosen, and the others in the order in which they are asked, each with the reason why it is "
         "not "
         "the one. It is by the configuration as it stands here, with an edit that has not been saved; ipsec_policy "
         "-why "
         "asks what is in force. For ICMP the source port is the type and the destination port the code. F4 turns the "
         "packet round.";
}

}  // namespace ipsec9000::screen

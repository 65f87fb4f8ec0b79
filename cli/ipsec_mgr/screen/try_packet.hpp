// "Which policy?" for a packet that is typed in, answered at once by the function that decides about real ones.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "cli/ipsec_mgr/screen/line_editor.hpp"
#include "cli/ipsec_mgr/screen/window.hpp"
#include "policy/matcher.hpp"
#include "policy/parse.hpp"

namespace ipsec9000::screen {

// A packet as it is typed.
struct PacketWords {
  std::string direction = "out";
  std::string source;
  std::string source_port;
  std::string destination;
  std::string destination_port;
  std::string protocol;

  struct Question {
    Flow flow;
    Direction direction = Direction::out;
  };
  // Addresses left out are the wildcard of the other's family, ports and protocol any. Errors name the field.
  Result<Question> question() const;
  // A packet that the filter is for: of a prefix its first address, of a range of ports its first.
  static PacketWords example_of(const Filter& filter);
};

// What the configuration says about the packet, in lines for the screen: the policy, then each candidate with the
// reason.
std::vector<std::string> answer_lines(const Configuration& configuration, const PacketWords::Question& question);

class TryPacket final : public Window {
 public:
  // `configuration` may hold an edit that has not been saved; `note` says which one it is.
  TryPacket(Desk& desk, Configuration configuration, std::string note, PacketWords words);
  void draw(Canvas& canvas, const Rect& area) const override;
  void handle(const Key& key) override;
  void choose(int item, bool twice) override;
  std::vector<KeyHelp> keys() const override;
  std::string help() const override;

 private:
  PacketWords words() const;
  void answer();
  Desk& desk_;
  Configuration configuration_;
  std::string note_;
  std::vector<LineEditor> entries_;
  std::size_t focus_ = 0;
  std::vector<std::string> lines_;
  bool wrong_ = false;
  mutable int top_ = 0;
};

}  // namespace ipsec9000::screen

// A list of the configuration whose items are added, edited, moved and deleted.
#pragma once
#include <string>
#include <vector>

#include "cli/ipsec_mgr/screen/pages.hpp"
#include "cli/ipsec_mgr/screen/workspace.hpp"

namespace ipsec9000::screen {

class ConfigPage : public Page {
 public:
  // `section`: the member of the document; `title`: of one item.
  ConfigPage(Desk& desk, std::string section, std::string item_title)
      : Page(desk), section_(std::move(section)), item_title_(std::move(item_title)) {}
  void draw(Canvas& canvas, const Rect& area) const override;
  void handle(const Key& key) override;
  void choose(int item, bool twice) override;
  std::vector<KeyHelp> keys() const override;

 protected:
  struct Item {
    std::string name;
    std::string group;  // moving makes sense among neighbours of one group
  };
  virtual std::vector<Item> items() const = 0;  // as they are listed
  virtual std::string heading(int columns) const = 0;
  virtual std::string row(std::size_t item, int columns) const = 0;
  virtual std::vector<std::string> details(std::size_t item) const = 0;
  // Opens the editor for an item that has no name of its own; true when it did.
  virtual bool edit_special(std::size_t /*item*/) { return false; }
  virtual void try_packet(std::size_t /*item*/) {}
  const Workspace& workspace() const { return desk_.workspace(); }

 private:
  void add();
  void edit(std::size_t item);
  void ask_to_remove(const Item& item);
  void move(const std::vector<Item>& all, std::size_t item, bool up);
  void carry_out(const Edit& change, std::string done);
  std::string section_;
  std::string item_title_;
};

}  // namespace ipsec9000::screen

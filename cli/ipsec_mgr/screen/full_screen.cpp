#include "cli/ipsec_mgr/screen/full_screen.hpp"

#include <algorithm>
#include <chrono>
#include <ostream>

#include "cli/common/show.hpp"
#include "cli/ipsec_mgr/screen/application.hpp"
#include "cli/ipsec_mgr/screen/daemon_backend.hpp"
#include "cli/ipsec_mgr/screen/terminal.hpp"

namespace ipsec9000::screen {

namespace {
using Clock = std::chrono::steady_clock;

// Between two looks at what changes by itself: seldom enough that looking takes little of all time.
Clock::duration pause_after(Clock::duration looked) {
  constexpr int share = 20;
  return std::max<Clock::duration>(std::chrono::seconds(2), looked * share);
}

// True: left in order.
bool run(Application& application, Terminal& terminal) {
  auto next_look = Clock::now() + pause_after({});
  while (!application.done()) {
    auto shown = application.draw(terminal.size());
    terminal.show(shown);
    if (application.has_work()) {
      application.do_work();
      continue;
    }
    const auto patience = std::chrono::duration_cast<Duration>(next_look - Clock::now());
    const auto waited = terminal.wait(std::max(patience, Duration{0}));
    if (waited.ended) return false;
    if (waited.event) application.handle(*waited.event, shown);
    if (const auto now = Clock::now(); now >= next_look) {
      application.tick();
      next_look = Clock::now() + pause_after(Clock::now() - now);
    }
  }
  return true;
}
}  // namespace

int full_screen(cli::Context& context) {
  constexpr const char* remedy = "use the verbs instead, see ipsec_mgr -help";
  if (context.json) return context.fail({cli::Exit::usage, "command line", "-json needs a verb", remedy});
  DaemonBackend backend(context);
  bool in_order = false;
  std::vector<std::string> unsaved;
  {
    auto terminal = Terminal::open();
    if (!terminal)
      return context.fail({terminal.error().code == ErrorCode::invalid_input ? cli::Exit::usage : cli::Exit::failed,
                           "the full screen", terminal.error().text, remedy});
    Application application(backend);
    in_order = run(application, **terminal);
    unsaved = application.unsaved();
  }
  if (in_order) return 0;
  for (const auto& command : unsaved) context.err << "not saved: " << cli::safe(command) << "\n";
  return context.fail({cli::Exit::failed, "the full screen", "ended by a signal",
                       unsaved.empty() ? "" : "the commands above do what was typed and not saved"});
}

}  // namespace ipsec9000::screen

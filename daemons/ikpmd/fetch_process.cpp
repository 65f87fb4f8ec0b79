#include "fetch_process.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/pipe.hpp"
#include "base/secret.hpp"
#include "fetch/fetch.hpp"
#include "pki/crl.hpp"

namespace ipsec9000 {

namespace {
constexpr Duration patience = seconds(fetch::fetch_seconds + 10);
constexpr std::size_t answer_maximum = pki::crl_bytes_maximum + 1024;

struct Spawned {
  pid_t pid;
  FileDescriptor output;
};

// The request waits in the pipe before there is anybody to read it: nothing here blocks.
Result<Pipe> request_pipe(const Json& request) {
  auto pipe = make_pipe();
  if (!pipe) return pipe.error();
  auto text = request.dump();
  const bool fits = text.size() <= fetch::request_maximum && ::fcntl(pipe->writing.get(), F_SETFL, O_NONBLOCK) == 0 &&
                    ::write(pipe->writing.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
  wipe_memory(text.data(), text.size());
  pipe->writing.reset();
  if (!fits) return Error{ErrorCode::invalid_input, "too much for the fetching process"};
  return pipe;
}

Result<Spawned> spawn(const Json& request) {
  const auto input = request_pipe(request);
  if (!input) return input.error();
  auto output = make_pipe();
  if (!output) return output.error();
  std::string program = "ikpmd", option = "--fetch";
  char* arguments[] = {program.data(), option.data(), nullptr};
  char* environment[] = {nullptr};
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, input->reading.get(), STDIN_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, output->writing.get(), STDOUT_FILENO);
  ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t pid = -1;
  const int code = ::posix_spawn(&pid, "/proc/self/exe", &actions, nullptr, arguments, environment);
  ::posix_spawn_file_actions_destroy(&actions);
  if (code != 0) return system_error("starting the fetching process", code);
  return Spawned{pid, std::move(output->reading)};
}
}  // namespace

FetchProcess::~FetchProcess() {
  if (!child_) return;
  ::kill(child_->pid, SIGKILL);
  ::waitpid(child_->pid, nullptr, 0);
}

void FetchProcess::start(const Json& request, Done done) {
  auto spawned = spawn(request);
  child_ = std::make_unique<Child>();
  child_->done = std::move(done);
  if (!spawned) {
    patience_.arm(Duration::zero(), [this, reason = spawned.error().text] {
      const auto finished = std::move(child_->done);
      child_.reset();
      finished(fetch::Failure{reason, false, "", "", 0});
    });
    return;
  }
  child_->pid = spawned->pid;
  child_->output = std::move(spawned->output);
  child_->watch = loop_.watch_readable(child_->output.get(), [this] { read(); });
  patience_.arm(patience, [this] {
    wipe_memory(child_->bytes.data(), child_->bytes.size());
    child_->bytes.clear();
    end();
  });
}

void FetchProcess::read() {
  std::uint8_t part[65536];
  const auto length = ::read(child_->output.get(), part, sizeof part);
  if (length < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (length > 0 && child_->bytes.size() <= answer_maximum) {
    child_->bytes.insert(child_->bytes.end(), part, part + length);
    return;
  }
  end();
}

// Its output has ended, so it is ending too, or is killed: waiting is short.
void FetchProcess::end() {
  patience_.cancel();
  ::kill(child_->pid, SIGKILL);
  ::waitpid(child_->pid, nullptr, 0);
  auto bytes = std::move(child_->bytes);
  const auto done = std::move(child_->done);
  child_.reset();
  if (!bytes.empty() && bytes.front() == 'A') {
    bytes.erase(bytes.begin());
    return done(std::move(bytes));
  }
  done(fetch::failure_from(bytes.empty() ? ByteView() : ByteView(bytes).subspan(1)));
}

}  // namespace ipsec9000

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/files.hpp"
#include "trace/pcapng.hpp"
#include "trace/pcapng_format.hpp"

namespace ipsec9000::pcapng {

namespace {
// Little endian, from the front; gives 0 once something was missing, and says so.
class Fields {
 public:
  explicit Fields(ByteView bytes) : rest_(bytes) {}
  std::uint16_t u16() { return static_cast<std::uint16_t>(number(2)); }
  std::uint32_t u32() { return number(4); }
  ByteView padded(std::size_t size) {
    const auto with_padding = (size + 3) / 4 * 4;
    if (with_padding > rest_.size()) {
      failed_ = true;
      return {};
    }
    const auto taken = rest_.first(size);
    rest_ = rest_.subspan(with_padding);
    return taken;
  }
  bool failed() const { return failed_; }
  std::size_t left() const { return rest_.size(); }

 private:
  std::uint32_t number(std::size_t width) {
    if (rest_.size() < width) {
      failed_ = true;
      return 0;
    }
    std::uint32_t value = 0;
    for (std::size_t n = width; n-- > 0;) value = value << 8U | rest_[n];
    rest_ = rest_.subspan(width);
    return value;
  }
  ByteView rest_;
  bool failed_ = false;
};

// How many of the bytes were there; fewer only at the file's end.
Result<std::size_t> fill(int file, Bytes& bytes) {
  std::size_t done = 0;
  while (done < bytes.size()) {
    const auto count = ::read(file, bytes.data() + done, bytes.size() - done);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return system_error("reading a trace");
    if (count == 0) break;
    done += static_cast<std::size_t>(count);
  }
  return done;
}

bool read_options(Fields& fields, Packet& packet) {
  while (fields.left() != 0) {
    const auto code = fields.u16();
    const auto value = fields.padded(fields.u16());
    if (fields.failed()) return false;
    if (code == option::end) return true;
    if (code == option::comment && packet.comment.empty()) packet.comment.assign(value.begin(), value.end());
    if (code == option::packet_flags && value.size() == 4) packet.way = static_cast<Way>(value[0] & 3U);
  }
  return true;
}

bool read_packet(ByteView body, Packet& packet) {
  Fields fields(body);
  packet.interface_id = fields.u32();
  const std::uint64_t high = fields.u32();
  packet.microseconds = high << 32U | fields.u32();
  const auto size = fields.u32();
  packet.original_size = fields.u32();
  packet.bytes = to_bytes(fields.padded(size));
  return !fields.failed() && read_options(fields, packet);
}

struct Blocks {
  int file;
  std::uint64_t at = 0;  // in the file, for whoever looks for a fault
  std::uint32_t type = 0;
  Bytes body = {};

  std::string place() const { return "at byte " + std::to_string(at) + ": "; }

  // The next block; false at the end, or with a fault.
  Result<bool> next(std::string& fault) {
    at += body.empty() && type == 0 ? 0 : body.size() + block_frame;
    Bytes frame(8);
    const auto head = fill(file, frame);
    if (!head) return head.error();
    if (*head == 0) return false;
    Fields fields(frame);
    type = fields.u32();
    const auto length = fields.u32();
    if (*head < frame.size()) {
      fault = place() + "the file ends in the middle of a block";
      return false;
    }
    if (length < block_frame || length % 4 != 0 || length > largest_block) {
      fault = place() + "a block of " + std::to_string(length) + " bytes cannot be";
      return false;
    }
    body.resize(length - frame.size());  // with the second length
    const auto rest = fill(file, body);
    if (!rest) return rest.error();
    if (*rest < body.size()) {
      fault = place() + "the file ends in the middle of a block";
      return false;
    }
    if (Fields(ByteView(body).last(4)).u32() != length) {
      fault = place() + "the two lengths of a block differ";
      return false;
    }
    body.resize(length - block_frame);
    return true;
  }
};
}  // namespace

Result<ReadSummary> read(const std::filesystem::path& path, const std::function<bool(const Packet&)>& on_packet) {
  const FileDescriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file) return system_error(path.string());
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return system_error(path.string());
  if (!S_ISREG(status.st_mode)) return Error{ErrorCode::invalid_input, path.string() + ": not a regular file"};
  Blocks blocks{file.get()};
  ReadSummary summary;
  const auto first = blocks.next(summary.fault);
  if (!first) return first.error();
  if (!*first || blocks.type != section_header_type || Fields(blocks.body).u32() != byte_order_magic)
    return Error{ErrorCode::invalid_input, path.string() + ": no trace of this suite (pcapng, little endian)"};
  while (true) {
    const auto more = blocks.next(summary.fault);
    if (!more) return more.error();
    if (!*more) return summary;
    if (blocks.type != enhanced_packet_type) continue;
    Packet packet;
    if (!read_packet(blocks.body, packet)) {
      summary.fault = blocks.place() + "what a packet's block holds does not fit into it";
      return summary;
    }
    ++summary.packets;
    if (!on_packet(packet)) return summary;
  }
}

}  // namespace ipsec9000::pcapng

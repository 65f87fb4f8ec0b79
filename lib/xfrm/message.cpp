#include "xfrm/message.hpp"

#include <linux/netlink.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "base/text.hpp"

namespace ipsec9000 {

Result<std::optional<Message>> MessageReader::next() {
  if (rest_.empty()) return std::optional<Message>{};
  const auto header = read_structure<nlmsghdr>(rest_);
  if (!header || header->nlmsg_len < sizeof(nlmsghdr) || header->nlmsg_len > rest_.size()) {
    const Error error{ErrorCode::truncated, "a netlink message whose length does not fit into the " +
                                                std::to_string(rest_.size()) + " bytes that are left"};
    rest_ = {};
    return error;
  }
  const Message message{header->nlmsg_type, header->nlmsg_flags, header->nlmsg_seq, header->nlmsg_pid,
                        rest_.subspan(sizeof(nlmsghdr), header->nlmsg_len - sizeof(nlmsghdr))};
  rest_ = rest_.subspan(std::min(aligned(header->nlmsg_len), rest_.size()));
  return std::optional(message);
}

Result<Attributes> Attributes::parse(ByteView bytes) {
  Attributes attributes;
  while (!bytes.empty()) {
    const auto header = read_structure<nlattr>(bytes);
    if (!header || header->nla_len < sizeof(nlattr) || header->nla_len > bytes.size())
      return Error{ErrorCode::truncated, "a netlink attribute whose length does not fit into the " +
                                             std::to_string(bytes.size()) + " bytes that are left"};
    const std::size_t type = header->nla_type & NLA_TYPE_MASK;
    if (type < attributes.values_.size())
      attributes.values_[type] = bytes.subspan(sizeof(nlattr), header->nla_len - sizeof(nlattr));
    bytes = bytes.subspan(std::min(aligned(header->nla_len), bytes.size()));
  }
  return attributes;
}

std::optional<ByteView> Attributes::find(std::uint16_t type) const {
  if (type >= values_.size() || values_[type].data() == nullptr) return std::nullopt;
  return values_[type];
}

Error Attributes::too_short(std::uint16_t type, std::size_t size, std::size_t wanted) {
  return Error{ErrorCode::truncated, "netlink attribute " + std::to_string(type) + " has " + std::to_string(size) +
                                         " bytes instead of " + std::to_string(wanted)};
}

Result<Acknowledgement> read_acknowledgement(const Message& message) {
  const bool done = message.type == NLMSG_DONE;
  const auto number = read_structure<int>(message.payload);
  if (!number && done) return Acknowledgement{};
  // In an NLMSG_ERROR the request's header follows the number, and the whole request unless the answer is capped.
  const auto error = read_structure<nlmsgerr>(message.payload);
  if (!number || (!done && !error)) return Error{ErrorCode::truncated, "a netlink acknowledgement is too short"};
  if (*number > 0 || *number < -4095)
    return Error{ErrorCode::invalid_input, "a netlink acknowledgement with the number " + std::to_string(*number)};
  Acknowledgement answer{-*number, {}};
  if ((message.flags & NLM_F_ACK_TLVS) == 0) return answer;

  std::size_t offset = done ? sizeof(int) : sizeof(nlmsgerr);
  if (!done && (message.flags & NLM_F_CAPPED) == 0 && error->msg.nlmsg_len > sizeof(nlmsghdr))
    offset += aligned(error->msg.nlmsg_len - sizeof(nlmsghdr));
  if (offset > message.payload.size()) return answer;
  const auto attributes = Attributes::parse(message.payload.subspan(offset));
  const auto text = attributes ? attributes->find(NLMSGERR_ATTR_MSG) : std::nullopt;
  if (!text) return answer;
  const std::string_view raw(reinterpret_cast<const char*>(text->data()), text->size());
  answer.kernel_text = escape_control(raw.substr(0, std::min<std::size_t>(raw.find('\0'), 512)));
  return answer;
}

Error kernel_error(const Acknowledgement& answer) {
  ErrorCode code = ErrorCode::refused;
  switch (answer.number) {
    case EPERM:
    case EACCES:
      code = ErrorCode::not_permitted;
      break;
    case EEXIST:
      code = ErrorCode::already_exists;
      break;
    case ENOENT:
    case ESRCH:
      code = ErrorCode::not_found;
      break;
    case EOPNOTSUPP:
    case EPROTONOSUPPORT:
    case EAFNOSUPPORT:
    case ENOPROTOOPT:
    case ENOSYS:
      code = ErrorCode::unsupported;
      break;
    case ENOMEM:
    case ENOBUFS:
      code = ErrorCode::io;
      break;
    default:
      break;
  }
  const char* description = ::strerrordesc_np(answer.number);
  std::string text = description != nullptr ? description : "error " + std::to_string(answer.number);
  if (!answer.kernel_text.empty()) text += " (" + answer.kernel_text + ")";
  return Error{code, text};
}

}  // namespace ipsec9000

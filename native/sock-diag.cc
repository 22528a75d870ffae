#include "sock-diag.hh"

#include <arpa/inet.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>

#include <cerrno>
#include <cstring>

#include "fd.hh"

namespace {

/// As much of an answer as is read at once: the kernel makes its pieces no longer.
constexpr size_t kPiece = 32768;

void append(std::vector<uint8_t>& out, const void* bytes, size_t size) {
  const auto* begin = static_cast<const uint8_t*>(bytes);
  out.insert(out.end(), begin, begin + size);
}

}  // namespace

void Filter::add(const sockaddr_storage& address) {
  std::vector<uint8_t> host;
  inet_diag_hostcond condition = {};
  condition.family = static_cast<uint8_t>(address.ss_family);
  if (address.ss_family == AF_INET) {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    condition.port = ntohs(v4.sin_port);
    condition.prefix_len = v4.sin_addr.s_addr == htonl(INADDR_ANY) ? 0 : 32;
    append(host, &condition, sizeof condition);
    append(host, &v4.sin_addr, sizeof v4.sin_addr);
  } else {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    condition.port = ntohs(v6.sin6_port);
    condition.prefix_len = IN6_IS_ADDR_UNSPECIFIED(&v6.sin6_addr) ? 0 : 128;
    append(host, &condition, sizeof condition);
    append(host, &v6.sin6_addr, sizeof v6.sin6_addr);
  }
  conditions_.push_back(std::move(host));
}

std::vector<uint8_t> Filter::compile() const {
  constexpr size_t kStep = sizeof(inet_diag_bc_op);
  size_t left = 0;
  for (const auto& host : conditions_) left += kStep + host.size() + kStep;
  left -= kStep;  // the last one needs no jump
  std::vector<uint8_t> code;
  for (const auto& host : conditions_) {
    const size_t size = kStep + host.size();
    const bool isLast = size == left;
    const inet_diag_bc_op test = {INET_DIAG_BC_S_COND, static_cast<uint8_t>(size),
                                  static_cast<uint16_t>(isLast ? left + kStep : size + kStep)};
    append(code, &test, kStep);
    append(code, host.data(), host.size());
    left -= size;
    if (isLast) break;
    const inet_diag_bc_op jump = {INET_DIAG_BC_JMP, kStep, static_cast<uint16_t>(left)};
    append(code, &jump, kStep);
    left -= kStep;
  }
  return code;
}

std::vector<uint8_t> questionFor(const inet_diag_req_v2& request, const Filter& filter) {
  std::vector<uint8_t> question;
  append(question, &request, sizeof request);
  const std::vector<uint8_t> code = filter.compile();
  nlattr attribute = {};
  attribute.nla_type = INET_DIAG_REQ_BYTECODE;
  attribute.nla_len = static_cast<uint16_t>(sizeof attribute + code.size());
  append(question, &attribute, sizeof attribute);
  append(question, code.data(), code.size());
  return question;
}

std::vector<uint8_t> questionFor(const unix_diag_req& request) {
  std::vector<uint8_t> question;
  append(question, &request, sizeof request);
  return question;
}

int ask(const std::vector<uint8_t>& question, const std::function<void(const nlmsghdr&)>& visit) {
  const Fd channel(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG));
  if (!channel.isOpen()) return -errno;
  std::vector<uint8_t> bytes(sizeof(nlmsghdr));
  append(bytes, question.data(), question.size());
  nlmsghdr head = {};
  head.nlmsg_len = static_cast<uint32_t>(bytes.size());
  head.nlmsg_type = SOCK_DIAG_BY_FAMILY;
  head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  memcpy(bytes.data(), &head, sizeof head);
  if (send(channel.get(), bytes.data(), bytes.size(), 0) < 0) return -errno;
  std::vector<uint8_t> piece(kPiece);
  for (;;) {
    // the kernel has made the next piece before the last one was taken: nothing waits here
    const ssize_t got = recv(channel.get(), piece.data(), piece.size(), MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return -errno;
    auto left = static_cast<uint32_t>(got);
    for (auto* message = reinterpret_cast<nlmsghdr*>(piece.data()); NLMSG_OK(message, left);
         message = NLMSG_NEXT(message, left)) {
      if (message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR) {
        int error = 0;
        if (NLMSG_PAYLOAD(message, 0) >= sizeof error) memcpy(&error, NLMSG_DATA(message), sizeof error);
        return error;
      }
      visit(*message);
    }
  }
}

Attribute attributeOf(const nlmsghdr& message, int wanted) {
  const auto* at = static_cast<const uint8_t*>(NLMSG_DATA(&message)) + NLMSG_ALIGN(sizeof(unix_diag_msg));
  const auto* end = reinterpret_cast<const uint8_t*>(&message) + message.nlmsg_len;
  while (at + sizeof(nlattr) <= end) {
    nlattr attribute;
    memcpy(&attribute, at, sizeof attribute);
    if (attribute.nla_len < sizeof attribute || at + attribute.nla_len > end) break;
    if (attribute.nla_type == wanted) return {at + sizeof attribute, attribute.nla_len - sizeof attribute};
    at += NLA_ALIGN(attribute.nla_len);
  }
  return {};
}

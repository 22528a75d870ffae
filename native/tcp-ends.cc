// How many bytes went over connections that are over: the kernel tells it of each TCP socket of our network namespace
// when it is gone (sock_diag(7), the groups of destroyed sockets). The connections themselves are not touched.
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "api.hh"
#include "fd.hh"

namespace {

/// A message has some 400 bytes; what newer kernels tell at its end may be cut off.
constexpr size_t kMessage = 1024;
/// For bursts: the kernel drops what does not fit, and says so.
constexpr int kBuffer = 1 << 20;

/// A connection's end, as src/native/tcp-ends.ts reads it.
struct TcpEnd {
  uint16_t localPort;
  uint8_t version;
  uint8_t unused[5];
  uint8_t local[16];
  double bytesIn;
  double bytesOut;
};
static_assert(sizeof(TcpEnd) == 40);

constexpr std::array<uint8_t, 12> kMapped = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

/// The attribute with what the kernel has counted, as much of it as this kernel has; false when there is none.
bool findCounts(const uint8_t* message, size_t size, tcp_info& counts) {
  size_t at = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(inet_diag_msg));
  while (at + sizeof(nlattr) <= size) {
    nlattr attribute;
    memcpy(&attribute, message + at, sizeof attribute);
    if (attribute.nla_len < sizeof attribute || at + attribute.nla_len > size) return false;
    if (attribute.nla_type == INET_DIAG_INFO) {
      const size_t length = std::min(attribute.nla_len - sizeof attribute, sizeof counts);
      memcpy(&counts, message + at + sizeof attribute, length);
      return length >= offsetof(tcp_info, tcpi_bytes_received) + sizeof counts.tcpi_bytes_received;
    }
    at += NLA_ALIGN(attribute.nla_len);
  }
  return false;
}

/// What the kernel calls acknowledged and received has a number for each FIN. Ours was acknowledged where more was than
/// was sent, and then the other end's has come as well, or nothing does any more.
void countBytes(const tcp_info& counts, TcpEnd& end) {
  const uint64_t sent = counts.tcpi_bytes_sent - std::min(counts.tcpi_bytes_sent, counts.tcpi_bytes_retrans);
  // a kernel before 4.19 does not tell it
  const bool isKnown = counts.tcpi_bytes_sent > 0 || counts.tcpi_bytes_acked <= 1;
  const bool isClosed = isKnown && counts.tcpi_bytes_acked > sent;
  const uint64_t received = counts.tcpi_bytes_received;
  end.bytesOut = static_cast<double>(isClosed ? sent : counts.tcpi_bytes_acked);
  end.bytesIn = static_cast<double>(isClosed && received > 0 ? received - 1 : received);
}

/// False where it is not the end of a connection over which something went.
bool readEnd(const uint8_t* bytes, size_t size, TcpEnd& end) {
  nlmsghdr head;
  inet_diag_msg about;
  if (size < NLMSG_HDRLEN + sizeof about) return false;
  memcpy(&head, bytes, sizeof head);
  memcpy(&about, bytes + NLMSG_HDRLEN, sizeof about);
  tcp_info counts = {};
  if (head.nlmsg_type != SOCK_DIAG_BY_FAMILY || !findCounts(bytes, size, counts)) return false;
  end = {};
  end.localPort = ntohs(about.id.idiag_sport);
  const auto* address = reinterpret_cast<const uint8_t*>(about.id.idiag_src);
  const bool isMapped = about.idiag_family == AF_INET6 && std::equal(kMapped.begin(), kMapped.end(), address);
  if (about.idiag_family == AF_INET || isMapped) {
    end.version = 4;
    memcpy(end.local, address + (isMapped ? kMapped.size() : 0), 4);
  } else {
    end.version = 6;
    memcpy(end.local, address, 16);
  }
  countBytes(counts, end);
  return end.bytesIn > 0 || end.bytesOut > 0;
}

}  // namespace

/// openTcpEnds(): a descriptor, CLOEXEC and not blocking.
Napi::Value openTcpEnds(const Napi::CallbackInfo& info) {
  Fd channel(socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG));
  if (!channel.isOpen()) return number(info, -errno);
  // the first needs a capability, the second has a limit
  if (setsockopt(channel.get(), SOL_SOCKET, SO_RCVBUFFORCE, &kBuffer, sizeof kBuffer) < 0 &&
      setsockopt(channel.get(), SOL_SOCKET, SO_RCVBUF, &kBuffer, sizeof kBuffer) < 0)
    return number(info, -errno);
  sockaddr_nl address = {};
  address.nl_family = AF_NETLINK;
  address.nl_groups = 1U << (SKNLGRP_INET_TCP_DESTROY - 1) | 1U << (SKNLGRP_INET6_TCP_DESTROY - 1);
  if (bind(channel.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) < 0) return number(info, -errno);
  return number(info, channel.release());
}

/// receiveTcpEnds(fd, ends): how many are in `ends` now, behind a word of 64 bits that counts how often some were lost; the
/// room is full when there may be more.
Napi::Value receiveTcpEnds(const Napi::CallbackInfo& info) {
  auto buffer = info[1].As<Napi::Uint8Array>();
  uint64_t losses = 0;
  uint8_t* const ends = buffer.Data() + sizeof losses;
  const size_t room = (buffer.ByteLength() - sizeof losses) / sizeof(TcpEnd);
  std::array<uint8_t, kMessage> message;
  size_t count = 0;
  int error = 0;
  // what is not of connections is bounded too
  for (size_t tries = 0; count < room && tries < 4 * room; tries++) {
    sockaddr_nl sender = {};
    socklen_t senderLength = sizeof sender;
    const ssize_t got = recvfrom(integer(info, 0), message.data(), message.size(), MSG_DONTWAIT,
                                 reinterpret_cast<sockaddr*>(&sender), &senderLength);
    if (got < 0 && errno == ENOBUFS) {
      losses++;
    } else if (got < 0 && errno != EINTR) {
      error = errno;
      break;
    }
    // anybody may send to it, and only the kernel has no port
    TcpEnd end;
    if (got < 0 || sender.nl_pid != 0 || !readEnd(message.data(), static_cast<size_t>(got), end)) continue;
    memcpy(ends + count * sizeof end, &end, sizeof end);
    count++;
  }
  memcpy(buffer.Data(), &losses, sizeof losses);
  return number(info, error == 0 || error == EAGAIN || count > 0 ? static_cast<double>(count) : -error);
}

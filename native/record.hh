// How one connection's (or datagram's) two ends cross into JavaScript: 64 bytes, read there as typed arrays.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <string_view>

/// IPv4 clients of a dual-stack socket are stored as IPv4 with `mapped` set; src/model/record.ts reads the same offsets.
struct Record {
  int32_t fd;
  /// 4, 6, 1 for a unix socket, or 3 for vsock.
  uint16_t family;
  uint16_t remotePort;
  uint16_t localPort;
  uint16_t mapped;
  /// SO_PEERCRED of a unix peer; the CID of a virtual machine in `uid`, and its port, which has 32 bits, in `gid`.
  int32_t pid;
  uint32_t uid;
  uint32_t gid;
  uint8_t remote[16];
  /// Where a datagram came in; of a connection only what withLocal() has asked for.
  uint8_t local[16];
  uint32_t scope;
  /// Where a datagram came in.
  uint32_t interfaceIndex;
};
static_assert(sizeof(Record) == 64 && offsetof(Record, remote) == 24 && offsetof(Record, scope) == 56);

void setRemote(Record& record, const sockaddr_storage& address);
void setLocal(Record& record, const sockaddr_storage& address);

/// The same with the connection's own address; the kernel is asked for it unless it is there.
[[nodiscard]] Record withLocal(const Record& record, int connection);

/// The peer as a socket address that fits a socket of the record's own family (mapped again where it was mapped).
socklen_t toSocketAddress(const Record& record, sockaddr_storage& address);

/// What a variable of a connection tells.
enum class Field : uint8_t {
  RemoteAddress,
  RemotePort,
  LocalAddress,
  LocalPort,
  /// An IPv4 address in the form in which an IPv6 socket has it.
  MappedRemoteAddress,
  PeerPid,
  PeerUid,
  PeerGid,
  /// The path or `@name` of a unix peer that has one; what is not printable is escaped as in C.
  PeerName,
  /// SO_COOKIE.
  Cookie,
};
constexpr size_t kFieldLength = 64;
/// Each of 108 bytes may become `\\ooo`.
constexpr size_t kNameLength = 4 * 108 + 1;
constexpr size_t lengthOf(Field field) { return field == Field::PeerName ? kNameLength : kFieldLength; }

/// Text without terminator, at most lengthOf() bytes, written to `out`; its length, 0 where such a peer has no such
/// thing. What the record does not have is asked of the connection.
size_t formatField(const Record& record, int connection, Field field, char* out);

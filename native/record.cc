// Socket addresses to records and records to text.
#include "record.hh"

#include <arpa/inet.h>
#include <net/if.h>
#include <sys/un.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace {

struct End {
  uint16_t family = 1;
  uint16_t port = 0;
  uint16_t mapped = 0;
  uint32_t scope = 0;
  uint8_t bytes[16] = {};
};

End toEnd(const sockaddr_storage& address) {
  End end;
  if (address.ss_family == AF_INET) {
    sockaddr_in in;
    memcpy(&in, &address, sizeof in);
    end.family = 4;
    end.port = ntohs(in.sin_port);
    memcpy(end.bytes, &in.sin_addr, 4);
  } else if (address.ss_family == AF_INET6) {
    sockaddr_in6 in6;
    memcpy(&in6, &address, sizeof in6);
    end.port = ntohs(in6.sin6_port);
    if (IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr)) {
      end.family = 4;
      end.mapped = 1;
      memcpy(end.bytes, in6.sin6_addr.s6_addr + 12, 4);
    } else {
      end.family = 6;
      end.scope = in6.sin6_scope_id;
      memcpy(end.bytes, &in6.sin6_addr, 16);
    }
  }
  return end;
}

bool isLinkLocal(const uint8_t* bytes) { return bytes[0] == 0xfe && (bytes[1] & 0xc0) == 0x80; }

template <typename Number>
size_t formatNumber(Number value, char* out) {
  return static_cast<size_t>(std::to_chars(out, out + kFieldLength, value).ptr - out);
}

size_t formatAddress(uint16_t family, const uint8_t* bytes, uint32_t scope, char* out) {
  if (!inet_ntop(family == 4 ? AF_INET : AF_INET6, bytes, out, kFieldLength)) return 0;
  size_t length = strlen(out);
  // fe80::1 means nothing without its interface
  if (scope != 0 && length + 1 + IF_NAMESIZE < kFieldLength) {
    out[length] = '%';
    if (if_indextoname(scope, out + length + 1)) {
      length = strlen(out);
    } else {
      length += 1 + formatNumber(scope, out + length + 1);
    }
  }
  return length;
}

size_t formatVsock(const Record& record, Field field, char* out) {
  if (field == Field::RemotePort) return formatNumber(record.gid, out);
  if (field != Field::RemoteAddress && field != Field::MappedRemoteAddress) return 0;
  constexpr char prefix[] = "vsock:";
  memcpy(out, prefix, sizeof prefix - 1);
  return sizeof prefix - 1 + formatNumber(record.uid, out + sizeof prefix - 1);
}

/// A name may have any bytes, and is told to programs and people: quotes and backslashes are escaped too.
char* escape(unsigned char byte, char* out) {
  if (byte >= ' ' && byte < 0x7f && byte != '"' && byte != '\'' && byte != '\\') {
    *out++ = static_cast<char>(byte);
    return out;
  }
  *out++ = '\\';
  for (int shift = 6; shift >= 0; shift -= 3) *out++ = static_cast<char>('0' + (byte >> shift & 7));
  return out;
}

size_t formatPeerName(int connection, char* out) {
  sockaddr_un name = {};
  socklen_t length = sizeof name;
  if (getpeername(connection, reinterpret_cast<sockaddr*>(&name), &length) < 0) return 0;
  if (length <= offsetof(sockaddr_un, sun_path)) return 0;
  size_t size = std::min(length - offsetof(sockaddr_un, sun_path), sizeof name.sun_path);
  const char* bytes = name.sun_path;
  char* end = out;
  if (*bytes == '\0') {
    *end++ = '@';
    bytes++;
    size--;
  } else {
    size = strnlen(bytes, size);
  }
  for (size_t i = 0; i < size; i++) end = escape(static_cast<unsigned char>(bytes[i]), end);
  return static_cast<size_t>(end - out);
}

size_t formatCookie(int connection, char* out) {
  uint64_t cookie = 0;
  socklen_t length = sizeof cookie;
  if (getsockopt(connection, SOL_SOCKET, SO_COOKIE, &cookie, &length) < 0) return 0;
  return formatNumber(cookie, out);
}

/// What only internet peers have.
size_t formatInternet(const Record& record, Field field, char* out) {
  switch (field) {
    case Field::RemoteAddress:
      return formatAddress(record.family, record.remote, record.scope, out);
    case Field::RemotePort:
      return formatNumber(record.remotePort, out);
    case Field::LocalAddress:
      // both ends of a link-local connection are on one link
      return formatAddress(record.family, record.local, isLinkLocal(record.local) ? record.scope : 0, out);
    case Field::LocalPort:
      return formatNumber(record.localPort, out);
    case Field::MappedRemoteAddress: {
      constexpr char prefix[] = "::ffff:";
      const size_t length = record.family == 4 ? sizeof prefix - 1 : 0;
      memcpy(out, prefix, length);
      return length + formatAddress(record.family, record.remote, record.scope, out + length);
    }
    default:
      return 0;
  }
}

/// What only unix peers have.
size_t formatUnix(const Record& record, int connection, Field field, char* out) {
  switch (field) {
    case Field::PeerPid:
      return formatNumber(record.pid, out);
    case Field::PeerUid:
      return formatNumber(record.uid, out);
    case Field::PeerGid:
      return formatNumber(record.gid, out);
    case Field::PeerName:
      return formatPeerName(connection, out);
    default:
      return 0;
  }
}

}  // namespace

void setRemote(Record& record, const sockaddr_storage& address) {
  const End end = toEnd(address);
  record.family = end.family;
  record.remotePort = end.port;
  record.mapped = end.mapped;
  record.scope = end.scope;
  memcpy(record.remote, end.bytes, sizeof record.remote);
}

void setLocal(Record& record, const sockaddr_storage& address) {
  const End end = toEnd(address);
  record.localPort = end.port;
  memcpy(record.local, end.bytes, sizeof record.local);
}

Record withLocal(const Record& record, int connection) {
  Record out = record;
  sockaddr_storage local = {};
  socklen_t length = sizeof local;
  // a datagram's is known already, and is not the socket's
  const bool isUnknown = (record.family == 4 || record.family == 6) && record.localPort == 0;
  if (isUnknown && getsockname(connection, reinterpret_cast<sockaddr*>(&local), &length) == 0) setLocal(out, local);
  return out;
}

socklen_t toSocketAddress(const Record& record, sockaddr_storage& address) {
  memset(&address, 0, sizeof address);
  if (record.family == 4 && record.mapped == 0) {
    sockaddr_in in = {};
    in.sin_family = AF_INET;
    in.sin_port = htons(record.remotePort);
    memcpy(&in.sin_addr, record.remote, 4);
    memcpy(&address, &in, sizeof in);
    return sizeof in;
  }
  sockaddr_in6 in6 = {};
  in6.sin6_family = AF_INET6;
  in6.sin6_port = htons(record.remotePort);
  if (record.family == 4) {
    in6.sin6_addr.s6_addr[10] = 0xff;
    in6.sin6_addr.s6_addr[11] = 0xff;
    memcpy(in6.sin6_addr.s6_addr + 12, record.remote, 4);
  } else {
    in6.sin6_scope_id = record.scope;
    memcpy(&in6.sin6_addr, record.remote, 16);
  }
  memcpy(&address, &in6, sizeof in6);
  return sizeof in6;
}

size_t formatField(const Record& record, int connection, Field field, char* out) {
  if (field == Field::Cookie) return formatCookie(connection, out);
  if (record.family == 3) return formatVsock(record, field, out);
  return record.family == 1 ? formatUnix(record, connection, field, out) : formatInternet(record, field, out);
}

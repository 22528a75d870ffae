// Questions to the kernel about its sockets, and its answers: sock_diag(7).
#pragma once

#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/unix_diag.h>
#include <sys/socket.h>

#include <cstdint>
#include <functional>
#include <vector>

/// The filter that the kernel runs for each socket (INET_DIAG_REQ_BYTECODE): whether it is at any of the addresses. A
/// jump to the end means yes, one past the end no.
class Filter {
 public:
  void add(const sockaddr_storage& address);
  [[nodiscard]] std::vector<uint8_t> compile() const;

 private:
  std::vector<std::vector<uint8_t>> conditions_;
};

/// What ask() sends: about sockets of TCP that pass the filter, or about unix sockets.
[[nodiscard]] std::vector<uint8_t> questionFor(const inet_diag_req_v2& request, const Filter& filter);
[[nodiscard]] std::vector<uint8_t> questionFor(const unix_diag_req& request);

/// Sends one question and calls `visit` with each message of the answer; 0 or -errno.
[[nodiscard]] int ask(const std::vector<uint8_t>& question, const std::function<void(const nlmsghdr&)>& visit);

struct Attribute {
  const uint8_t* bytes = nullptr;
  size_t size = 0;
};

/// One of the attributes behind the fixed part of an answer about a unix socket; empty when there is none.
[[nodiscard]] Attribute attributeOf(const nlmsghdr& message, int wanted);

// Descriptors that go with a message of a unix socket.
#pragma once

#include <sys/socket.h>

#include <algorithm>
#include <cstddef>
#include <span>

/// What the kernel takes in one message (SCM_MAX_FD).
constexpr size_t kDescriptorsInMessage = 253;

/// Room for what goes with a message: descriptors, and who has sent it.
union Ancillary {
  cmsghdr aligned;
  char bytes[CMSG_SPACE(sizeof(ucred)) + CMSG_SPACE(kDescriptorsInMessage * sizeof(int))];
};

/// The receiver gets copies. `room` must last as long as the message, and be empty; no more than fit.
inline void attachDescriptors(msghdr& message, Ancillary& room, std::span<const int> descriptors) {
  if (descriptors.empty()) return;
  message.msg_control = &room;
  message.msg_controllen = CMSG_SPACE(descriptors.size_bytes());
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(descriptors.size_bytes());
  std::copy_n(reinterpret_cast<const char*>(descriptors.data()), descriptors.size_bytes(),
              reinterpret_cast<char*>(CMSG_DATA(header)));
}

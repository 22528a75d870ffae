// What acceptd tells the guard (the service manager's side of sd_notify(3)), and what the guard tells a manager above it.
#pragma once

#include "store.hh"

namespace guard {

/// What a message of acceptd has said.
struct News {
  bool isReady = false;
  bool isStopping = false;
  bool isAlive = false;
};

class Notify {
 public:
  /// 0 or -errno. `above`: NOTIFY_SOCKET as the guard found it, or empty.
  [[nodiscard]] int open(Text above);
  [[nodiscard]] int descriptor() const { return socket_; }
  /// `NOTIFY_SOCKET=@name`.
  [[nodiscard]] char* variable() { return variable_.text(); }
  /// Takes all messages that wait; those of others than `sender` are nothing.
  News receive(pid_t sender, Store& store);
  void tellAbove(Text text) const;

 private:
  int socket_ = -1;
  Text above_;
  Writer<128> variable_;
};

}  // namespace guard

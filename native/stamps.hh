// The moments of a connection's way through the engine, stamped where they happen. There is one of these only while
// somebody wants them: without it nothing is stamped, and no connection pays for it.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <unordered_map>

#include "moment.hh"
#include "record.hh"

/// One connection's way, as JavaScript reads it: eight doubles. Where nothing is known all are 0.
struct Trace {
  double port;  // the client's
  double ready;
  double accepted;
  double spawning;
  double spawned;
  double childBegan;
  double executing;
  double reaped;
};
static_assert(sizeof(Trace) == 8 * sizeof(double));

class Stamps {
 public:
  /// epoll returned: what is accepted until the callback ends was ready since. 0 at its end.
  void setReady(double moment) { ready_ = moment; }
  [[nodiscard]] double ready() const { return ready_; }

  /// accept4 has given this connection. Its descriptor and its ends tell it from whatever has the same number later.
  void accept(const Record& record, double ready, double accepted);

  /// The process that answers it: known until it is reaped. Nothing that did not come through an accept is traced.
  void spawn(pid_t pid, const Record& record, double spawning, double spawned);

  /// What the child wrote; its slot may be needed for another before it is reaped.
  void exec(pid_t pid, int64_t childBegan, int64_t executing);

  /// The end of a process: all that is known of its connection, which is then forgotten.
  [[nodiscard]] Trace reap(pid_t pid, double reaped);

 private:
  struct Arrival {
    Record record;
    double ready;
    double accepted;
  };
  double ready_ = 0;
  std::unordered_map<int32_t, Arrival> arrivals_;  // by descriptor: never more than there are
  std::unordered_map<pid_t, Trace> running_;
};

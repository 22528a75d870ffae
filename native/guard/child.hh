// acceptd, started by the guard.
#pragma once

#include "notify.hh"

namespace guard {

/// What it is started with, beside the listeners.
struct Setting {
  char** words = nullptr;
  /// Without what the guard says itself.
  char** environment = nullptr;
  /// Where acceptd tells whoever called it that it is ready; -1: nobody wants to know.
  int ready = -1;
  /// Milliseconds in which acceptd must show that it is alive.
  int64_t watchdog = 0;
  /// How many descriptors acceptd may leave here.
  int64_t storeLimit = 0;
  /// `ACCEPTD_RESTARTED=count:how it ended:orphans`; empty for the first one.
  Text restarted;
};

/// Its pid, or -errno.
pid_t start(const Setting& setting, Store& store, Notify& notify);

/// Takes what the guard was told itself out of the environment; gives what was there.
struct Inherited {
  Text notifySocket;
  int64_t listenPid = -1;
  int64_t listenCount = 0;
  Text listenNames;
  int64_t watchdogMicroseconds = -1;
  int64_t watchdogPid = -1;
  int64_t ready = -1;
};
Inherited takeInherited(char** environment);

}  // namespace guard

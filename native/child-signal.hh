// SIGCHLD, as cheaply as it can be told: while the engine is at work anyway, a child's end is a flag and nothing more.
//
// Otherwise libuv's own handler is called, which wakes the event loop by a pipe: five system calls, each time. libuv
// must have a watcher of the signal all the time, so that it does not install or remove its handler by itself.
//
// The kernel keeps one SIGCHLD at a time: of children that end together it names only one. Their pids here are for
// reaping without a look at all children, which takes as long as there are children; that look has to come later.
#pragma once

#include <sys/types.h>

class ChildSignal {
 public:
  /// Puts our handler before the one that is installed.
  void open();
  /// Puts that one back.
  void close();

  /// Whether a child has ended since this was last asked.
  [[nodiscard]] bool take();

  /// A child that was named as ended, or 0 when there are no more.
  [[nodiscard]] pid_t takeNamed();

  /// While one of these lives the engine is at work, and will ask before it waits. JavaScript is not its work: there
  /// somebody may run a program synchronously, which libuv must hear of.
  class Work {
   public:
    /// With `willAsk` false it is none.
    explicit Work(bool willAsk);
    ~Work();
    Work(const Work&) = delete;
    Work& operator=(const Work&) = delete;

   private:
    bool isWork_;
  };
};

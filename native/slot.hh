// What one start needs until its child has exec'd: a stack, the texts of its variables, its plan.
#pragma once

#include <sys/types.h>

#include <memory>
#include <vector>

#include "child.hh"
#include "recipe.hh"
#include "record.hh"

constexpr size_t kStackSize = 16384;

class VariableRoom;

struct Slot {
  char* memory = nullptr;  // guard, stack, variables
  Mailbox* mailbox = nullptr;
  /// The kernel clears it when the child has exec'd or ended, and no longer uses our memory.
  int tid = 0;
  pid_t pid = 0;
  std::shared_ptr<const Recipe> recipe;
  std::vector<char*> environment;
  std::vector<char*> pids;
  std::vector<int> sources;
  ChildPlan plan = {};
  std::vector<int> toClose;
  /// The child has memory of its own, and says nothing when it has exec'd.
  bool isCopied = false;

  Slot() = default;
  Slot(const Slot&) = delete;
  Slot& operator=(const Slot&) = delete;
  ~Slot();

  [[nodiscard]] bool allocate();

  [[nodiscard]] char* stack() const;
  [[nodiscard]] char* stackTop() const { return stack() + kStackSize; }
  [[nodiscard]] bool isRunning() { return __atomic_load_n(&tid, __ATOMIC_ACQUIRE) != 0; }
  [[nodiscard]] bool hasFailed() const { return mailbox->stage.load() != 0; }
  [[nodiscard]] bool hasLeftTable() { return mailbox->hasOwnTable.load() != 0 || !isRunning(); }
  void closeAll();

  /// The variables of this start go behind the stack; false when they do not fit.
  [[nodiscard]] bool writeVariables(const Record* record, int handed);

 private:
  [[nodiscard]] bool writeOwn(VariableRoom& room);
  [[nodiscard]] bool writeDynamic(VariableRoom& room, const Record& given, int handed);
  [[nodiscard]] bool writePidfd(VariableRoom& room);
};

// The functions that JavaScript can call, by file, and the few words in which they take and give numbers.
// All give a number that is 0 or more, or -errno; src/native/addon.ts turns it into a SystemError where that is one.
#pragma once

#include <napi.h>

#include <string>

inline Napi::Value number(const Napi::CallbackInfo& info, double value) { return Napi::Number::New(info.Env(), value); }
inline int integer(const Napi::CallbackInfo& info, size_t index) { return info[index].As<Napi::Number>().Int32Value(); }
inline std::string text(const Napi::Value& value) { return value.As<Napi::String>().Utf8Value(); }

// engine.cc
Napi::Value start(const Napi::CallbackInfo& info);
Napi::Value traceConnections(const Napi::CallbackInfo& info);
Napi::Value watch(const Napi::CallbackInfo& info);
Napi::Value unwatch(const Napi::CallbackInfo& info);
Napi::Value stop(const Napi::CallbackInfo& info);
// socket.cc
Napi::Value openSocket(const Napi::CallbackInfo& info);
Napi::Value setBlocking(const Napi::CallbackInfo& info);
Napi::Value bindInternet(const Napi::CallbackInfo& info);
Napi::Value bindVsock(const Napi::CallbackInfo& info);
Napi::Value bindUnix(const Napi::CallbackInfo& info);
Napi::Value probeUnix(const Napi::CallbackInfo& info);
Napi::Value listenOn(const Napi::CallbackInfo& info);
Napi::Value localPort(const Napi::CallbackInfo& info);
Napi::Value acceptBatch(const Napi::CallbackInfo& info);
Napi::Value raiseDescriptor(const Napi::CallbackInfo& info);
Napi::Value queueLength(const Napi::CallbackInfo& info);
Napi::Value ignoreNewClients(const Napi::CallbackInfo& info);
Napi::Value stopListening(const Napi::CallbackInfo& info);
Napi::Value closeDescriptor(const Napi::CallbackInfo& info);
Napi::Value openNull(const Napi::CallbackInfo& info);
// socket-option.cc
Napi::Value setOption(const Napi::CallbackInfo& info);
Napi::Value getOption(const Napi::CallbackInfo& info);
Napi::Value getOptionText(const Napi::CallbackInfo& info);
// socket-path.cc
Napi::Value dressSocket(const Napi::CallbackInfo& info);
Napi::Value openFifo(const Napi::CallbackInfo& info);
Napi::Value dressFifo(const Napi::CallbackInfo& info);
Napi::Value setPipeSize(const Napi::CallbackInfo& info);
Napi::Value pipeSize(const Napi::CallbackInfo& info);
// waiting.cc
Napi::Value waitingClients(const Napi::CallbackInfo& info);
// inheritance.cc
Napi::Value adoptDescriptor(const Napi::CallbackInfo& info);
Napi::Value fileOf(const Napi::CallbackInfo& info);
Napi::Value ownProcessInode(const Napi::CallbackInfo& info);
// source-filter.cc
Napi::Value setSourceFilter(const Napi::CallbackInfo& info);
// local-end.cc
Napi::Value fillLocal(const Napi::CallbackInfo& info);
// peer-credentials.cc
Napi::Value peerGroups(const Napi::CallbackInfo& info);
// cookie.cc
Napi::Value socketCookie(const Napi::CallbackInfo& info);
// transfer.cc
Napi::Value readNow(const Napi::CallbackInfo& info);
Napi::Value writeNow(const Napi::CallbackInfo& info);
Napi::Value receiveDatagram(const Napi::CallbackInfo& info);
Napi::Value sendDatagram(const Napi::CallbackInfo& info);
Napi::Value countSenders(const Napi::CallbackInfo& info);
Napi::Value connectDatagram(const Napi::CallbackInfo& info);
Napi::Value injectDatagram(const Napi::CallbackInfo& info);
Napi::Value openLogPair(const Napi::CallbackInfo& info);
Napi::Value receiveLog(const Napi::CallbackInfo& info);
// log-socket.cc
Napi::Value connectLog(const Napi::CallbackInfo& info);
Napi::Value sendMessages(const Napi::CallbackInfo& info);
Napi::Value sendSealed(const Napi::CallbackInfo& info);
// notify.cc
Napi::Value openNotify(const Napi::CallbackInfo& info);
Napi::Value receiveNotify(const Napi::CallbackInfo& info);
Napi::Value sendNotify(const Napi::CallbackInfo& info);
Napi::Value isSameFile(const Napi::CallbackInfo& info);
// flows.cc
Napi::Value countFlows(const Napi::CallbackInfo& info);
Napi::Value countFlowsNow(const Napi::CallbackInfo& info);
// tcp-ends.cc
Napi::Value openTcpEnds(const Napi::CallbackInfo& info);
Napi::Value receiveTcpEnds(const Napi::CallbackInfo& info);
// process-tree.cc
Napi::Value becomeSubreaper(const Napi::CallbackInfo& info);
Napi::Value findChildren(const Napi::CallbackInfo& info);
Napi::Value findTree(const Napi::CallbackInfo& info);
Napi::Value describeProcess(const Napi::CallbackInfo& info);
Napi::Value hasVariable(const Napi::CallbackInfo& info);
Napi::Value signalProcess(const Napi::CallbackInfo& info);
// program.cc
Napi::Value compileRecipe(const Napi::CallbackInfo& info);
Napi::Value replaceVariables(const Napi::CallbackInfo& info);
Napi::Value spawnRecipe(const Napi::CallbackInfo& info);
Napi::Value hasExecuted(const Napi::CallbackInfo& info);
// process.cc
Napi::Value errorText(const Napi::CallbackInfo& info);
Napi::Value raiseDescriptorLimit(const Napi::CallbackInfo& info);
Napi::Value shareHeap(const Napi::CallbackInfo& info);
Napi::Value trimMemory(const Napi::CallbackInfo& info);
Napi::Value exitNow(const Napi::CallbackInfo& info);
Napi::Value silenceStandardError(const Napi::CallbackInfo& info);
// exec.cc
Napi::Value execProgram(const Napi::CallbackInfo& info);
// time-zone.cc
Napi::Value zoneName(const Napi::CallbackInfo& info);
// inquiry.cc
Napi::Value openMemoryFile(const Napi::CallbackInfo& info);
Napi::Value holdProcess(const Napi::CallbackInfo& info);
Napi::Value signalHeld(const Napi::CallbackInfo& info);
// exec.cc
Napi::Value sealMemoryFile(const Napi::CallbackInfo& info);
Napi::Value isSealed(const Napi::CallbackInfo& info);
Napi::Value isStarting(const Napi::CallbackInfo& info);
Napi::Value takeOver(const Napi::CallbackInfo& info);
// early-signal.cc
Napi::Value takeEarlySignals(const Napi::CallbackInfo& info);
// inspect.cc
Napi::Value inspectSocket(const Napi::CallbackInfo& info);
// adopt.cc
Napi::Value openAdoptionChannel(const Napi::CallbackInfo& info);
Napi::Value receiveCallListener(const Napi::CallbackInfo& info);
Napi::Value receiveCall(const Napi::CallbackInfo& info);
Napi::Value passCall(const Napi::CallbackInfo& info);
Napi::Value answerCall(const Napi::CallbackInfo& info);
Napi::Value placeDescriptor(const Napi::CallbackInfo& info);
Napi::Value processOf(const Napi::CallbackInfo& info);
Napi::Value borrowDescriptor(const Napi::CallbackInfo& info);
Napi::Value descriptorFlags(const Napi::CallbackInfo& info);
Napi::Value isSameSocket(const Napi::CallbackInfo& info);
Napi::Value carryOption(const Napi::CallbackInfo& info);
// tracer.cc
Napi::Value openTracer(const Napi::CallbackInfo& info);
Napi::Value readTracer(const Napi::CallbackInfo& info);
Napi::Value countLost(const Napi::CallbackInfo& info);
Napi::Value closeTracer(const Napi::CallbackInfo& info);
// connect.cc
Napi::Value connectStream(const Napi::CallbackInfo& info);
Napi::Value connectState(const Napi::CallbackInfo& info);
// relay-binding.cc
Napi::Value openRelay(const Napi::CallbackInfo& info);
Napi::Value joinFlow(const Napi::CallbackInfo& info);
Napi::Value saveFlow(const Napi::CallbackInfo& info);
Napi::Value restoreFlow(const Napi::CallbackInfo& info);
Napi::Value stopFlow(const Napi::CallbackInfo& info);
Napi::Value quietTime(const Napi::CallbackInfo& info);
// load-binding.cc
Napi::Value startLoad(const Napi::CallbackInfo& info);
Napi::Value stopLoad(const Napi::CallbackInfo& info);
Napi::Value startResponder(const Napi::CallbackInfo& info);
Napi::Value stopResponder(const Napi::CallbackInfo& info);
// lookup.cc
Napi::Value lookupAccount(const Napi::CallbackInfo& info);
Napi::Value lookupGroup(const Napi::CallbackInfo& info);
Napi::Value lookupPort(const Napi::CallbackInfo& info);
Napi::Value lookupRpc(const Napi::CallbackInfo& info);
// netgroup.cc
Napi::Value lookupNetgroup(const Napi::CallbackInfo& info);

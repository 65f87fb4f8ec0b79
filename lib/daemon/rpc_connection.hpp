// One client of an RpcServer: its bytes in, its answers out.
#pragma once
#include <memory>
#include <string>

#include "daemon/rpc_server.hpp"
#include "ipc/line_buffer.hpp"
#include "ipc/message.hpp"

namespace ipsec9000 {

class RpcConnection : public std::enable_shared_from_this<RpcConnection> {
 public:
  RpcConnection(RpcServer& server, FileDescriptor socket, Caller caller);

  void start();
  // Sends an error that answers no request, and ends the connection when it is out.
  void turn_away(const Error& why);

 private:
  class Answer;  // the promise to answer one request

  void read();
  void handle_lines();
  void handle(const std::string& line);
  void handle(ipc::Request request);
  void answered(const std::string& line);
  void send(std::string_view line);
  void write();
  void read_on();  // watches for input if and only if more is wanted
  void close_if_done();
  void close();

  RpcServer& server_;  // outlives: it closes its connections
  FileDescriptor socket_;
  Caller caller_;
  ipc::LineBuffer input_;
  std::string output_;
  std::size_t sent_ = 0;  // of output_
  std::size_t outstanding_ = 0;
  bool ending_ = false;  // nothing more is read; closes once everything is answered and sent
  bool closed_ = false;
  EventLoop::Watch readable_;
  EventLoop::Watch writable_;
};

}  // namespace ipsec9000

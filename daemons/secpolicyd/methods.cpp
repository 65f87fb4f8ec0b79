#include "methods.hpp"

#include <nlohmann/json.hpp>

#include "active_rules.hpp"
#include "base/text.hpp"
#include "parameters.hpp"
#include "policy/edit.hpp"
#include "policy/parse.hpp"
#include "policy/policy_json.hpp"
#include "service.hpp"
#include "table_reader.hpp"

namespace ipsec9000 {

namespace {
Error missing(std::string_view name, std::string_view what) {
  return Error{ErrorCode::invalid_input, "\"" + std::string(name) + "\" must be " + std::string(what)};
}

Result<IpAddress> address_in(const Json& params, const char* name) {
  const auto found = params.find(name);
  const auto* text = found == params.end() ? nullptr : found->get_ptr<const std::string*>();
  if (text == nullptr) return missing(name, "an address");
  return IpAddress::parse(*text);
}

Result<std::uint16_t> port_in(const Json& params, const char* name) {
  const auto found = params.find(name);
  if (found == params.end()) return std::uint16_t{0};
  const auto port = natural_number(*found);
  if (!port || *port > 65535) return missing(name, "a number from 0 to 65535");
  return static_cast<std::uint16_t>(*port);
}

Result<IpProtocol> protocol_in(const Json& params) {
  const auto found = params.find("protocol");
  if (found == params.end()) return IpProtocol::any;
  if (const auto number = natural_number(*found); number && *number <= 255) return static_cast<IpProtocol>(*number);
  const auto* text = found->get_ptr<const std::string*>();
  if (text == nullptr) return missing("protocol", "a name or a number from 0 to 255");
  return parse_protocol(*text);
}

Result<Flow> flow_in(const Json& params) {
  const auto source = address_in(params, "source");
  if (!source) return source.error();
  const auto destination = address_in(params, "destination");
  if (!destination) return destination.error();
  if (source->family() != destination->family())
    return Error{ErrorCode::invalid_input, "source and destination are of different families"};
  const auto protocol = protocol_in(params);
  if (!protocol) return protocol.error();
  const auto source_port = port_in(params, "source_port");
  if (!source_port) return source_port.error();
  const auto destination_port = port_in(params, "destination_port");
  if (!destination_port) return destination_port.error();
  return Flow{*source, *destination, *protocol, *source_port, *destination_port};
}

Result<Direction> direction_in(const Json& params) {
  const auto found = params.find("direction");
  if (found == params.end() || *found == "out") return Direction::out;
  if (*found == "in") return Direction::in;
  return missing("direction", "\"in\" or \"out\"");
}

Json isakmp_for(const PolicySet& set, const Match& match, const IpAddress& remote) {
  if (match.policy == nullptr || match.action != Decision::secure) return nullptr;
  const auto* isakmp = select_isakmp_policy(set.configuration.isakmp_policies,
                                            match.policy->tunnel ? match.policy->tunnel->remote : remote);
  return isakmp == nullptr ? Json(nullptr) : to_json(*isakmp);
}

struct PacketQuestion {
  Flow flow;
  Direction direction = Direction::out;
};

Result<PacketQuestion> question_in(const Json& params) {
  if (!params.is_object()) return missing("params", "an object");
  const auto flow = flow_in(params);
  if (!flow) return flow.error();
  const auto direction = direction_in(params);
  if (!direction) return direction.error();
  return PacketQuestion{*flow, *direction};
}

// `table`: the kernel's entries that match; without them the kernel is asked for those in question.
Json answer_to(PolicyService& service, const PacketQuestion& question, const std::vector<PolicyState>* table) {
  const auto& [flow, direction] = question;
  const auto& set = service.set();
  const auto match = set.matcher.match(flow, direction);
  const auto packet = seen_from_here(flow, direction);
  Json answer{{"policy", to_json(match, set.configuration)},
              {"isakmp_policy", isakmp_for(set, match, packet.remote)},
              {"local_address", host_end(packet.local, service.host().all())},
              {"kernel_agrees", nullptr}};
  auto& kernel = service.kernel_side();
  const auto agrees = table == nullptr       ? kernel.agrees(flow, direction, match)
                      : kernel.is_changing() ? std::nullopt  // part of it has been read before, part afterwards
                                             : std::optional(kernel.agrees(*table, flow, direction, match));
  if (agrees) answer["kernel_agrees"] = *agrees;
  return answer;
}

void explain(PolicyService& service, const PacketQuestion& question, Json& answer) {
  const auto explanation = service.set().matcher.explain(question.flow, question.direction);
  answer["candidates"] = Json::array();
  for (const auto& candidate : explanation.candidates) answer["candidates"].push_back(to_json(candidate));
  answer["omitted"] = explanation.omitted;
}

void query(PolicyService& service, const Json& params, const RpcServer::Reply& reply) {
  const auto question = question_in(params);
  if (!question) return reply(question.error());
  service.monitor().read();  // so that what others have just done counts
  const auto why = params.find("why");
  if (why == params.end() || *why != true) return reply(answer_to(service, *question, nullptr));
  const auto table = std::make_shared<std::vector<PolicyState>>();
  const auto direction = policy_direction(question->direction);
  read_table(
      service.loop(), service.kernel_side(),
      [table, direction, asked = *question](PolicyState& state) {
        if (state.spec.direction == direction && state.spec.selector.matches(asked.flow))
          table->push_back(std::move(state));
      },
      [&service, table, asked = *question, reply](const Result<void>& done) {
        auto answer = answer_to(service, asked, done ? table.get() : nullptr);
        explain(service, asked, answer);
        reply(std::move(answer));
      });
}

// The caller's own mark for the records of one negotiation.
std::string correlation_in(const Json& params) {
  constexpr std::size_t longest = 64;
  const auto found = params.find("correlation");
  const auto* text = found == params.end() ? nullptr : found->get_ptr<const std::string*>();
  return text == nullptr ? std::string() : escape_control(text->substr(0, longest / 4));
}

Result<Json> cover(PolicyService& service, const Json& params) {
  const auto asked = cover_query_from_json(params);
  if (!asked) return asked.error();
  const auto protection = service.set().keying.cover(*asked);
  service.record_answer(*asked, protection, correlation_in(params));
  if (!protection) {
    // Is it the mode alone? Then what the policy wants says it best: ikpmd compares it with what was offered.
    auto otherwise = *asked;
    otherwise.mode = asked->mode == Mode::tunnel ? Mode::transport : Mode::tunnel;
    if (const auto other = service.set().keying.cover(otherwise)) return Json{{"protection", to_json(*other)}};
    return protection.error();
  }
  return Json{{"protection", to_json(*protection)}};
}

// The file only: what is in force changes with the next reload.
void edit_configuration(PolicyService& service, const Json& params, const RpcServer::Reply& reply) {
  const auto revision = optional_text(params, "revision");
  if (!revision) return reply(revision.error());
  const auto list = params.is_object() ? params.find("edits") : params.end();
  if (list == params.end() || !list->is_array() || list->empty()) return reply(missing("edits", "a list of edits"));
  std::vector<Edit> edits;
  for (const auto& item : *list) {
    auto edit = edit_from_json(item);
    if (!edit) return reply(edit.error());
    edits.push_back(std::move(*edit));
  }
  service.edit(edits, *revision, reply);
}

void reload(PolicyService& service, const Json& params, const RpcServer::Reply& reply) {
  const auto revision = optional_text(params, "revision");
  if (!revision) return reply(revision.error());
  service.reload(*revision, reply);
}

void tell_difference(PolicyService& service, const Json& params, const RpcServer::Reply& reply) {
  const auto file = optional_text(params, "file");
  if (!file) return reply(file.error());
  if (!file->empty() && !file->starts_with('/')) return reply(missing("file", "an absolute path"));
  service.tell_difference(file->empty() ? service.paths().configuration() : std::filesystem::path(*file), reply);
}

Result<Json> configuration_revision(PolicyService& service) {
  const auto text = read_file(service.paths().configuration(), maximum_configuration_bytes);
  if (!text) return text.error();
  return Json{{"file", service.paths().configuration().string()}, {"revision", revision_of(*text)}};
}
}  // namespace

void add_policy_methods(RpcServer& server, PolicyService& service) {
  const auto add = [&](const char* name, auto method) {
    server.add(name, [&service, method](const Json& params, const Caller&, const RpcServer::Reply& reply) {
      reply(method(service, params));
    });
  };
  add("policy.status", [](PolicyService& s, const Json&) -> Result<Json> { return s.status(); });
  const auto add_slow = [&](const char* name, auto method) {
    server.add(name, [&service, method](const Json& params, const Caller&, const RpcServer::Reply& reply) {
      method(service, params, reply);
    });
  };
  add_slow("policy.reload", reload);
  add_slow("policy.diff", tell_difference);
  add_slow("config.edit", edit_configuration);
  add("config.revision", [](PolicyService& s, const Json&) { return configuration_revision(s); });
  add("config.in_force", [](PolicyService& s, const Json&) -> Result<Json> {
    return Json{{"file", s.paths().configuration().string()},
                {"same", s.is_file_in_force()},
                {"bootup", s.set().configuration.startup.bootup}};
  });
  add("policy.withdraw", [](PolicyService& s, const Json&) -> Result<Json> {
    if (auto done = s.withdraw(); !done) return done.error();
    return Json::object();
  });
  add_slow("policy.query", query);
  add("policy.cover", [](PolicyService& s, const Json& params) { return cover(s, params); });
  server.add("trace.start", [&service](const Json& params, const Caller&, const RpcServer::Reply& reply) {
    const auto order = TraceOrder::from_json(params);
    if (!order) return reply(order.error());
    service.trace().start(*order, reply);
  });
  add("trace.stop", [](PolicyService& s, const Json&) { return s.trace().stop("switched off"); });
  add("trace.message", [](PolicyService& s, const Json& params) { return s.trace().message(params); });
  add_list_methods(server, service);
}

}  // namespace ipsec9000

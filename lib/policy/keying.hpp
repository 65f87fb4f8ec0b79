// Which pair of SAs belongs to a packet, and which proposals of a peer fit: the policies grouped by the protection
// that they want.
//
// A keying group is what shares SAs. Policies that are not exclusive are of one group when they want the same
// transforms with the same lifetimes, the same PFS group and the same mode (in tunnel mode: also the same ends and the
// same two prefixes). An exclusive policy is a group of its own. A group has one reqid.
//
// The selector that is negotiated for a group:
//   transport mode: the two hosts, and over them the narrowest protocol and ports that Quick Mode can express (one or
//     any) around what each policy of the group says for these two hosts. A range of ports is "any" there, and so are
//     ICMP types and codes.
//   tunnel mode: the policies' prefixes as they are, "any" being all of the packet's family; protocol and ports as
//     above.
//   exclusive: the packet's own five values; in tunnel mode too. Of ICMP protocol and addresses only.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/result.hpp"
#include "model/protection.hpp"
#include "policy/matcher.hpp"

namespace ipsec9000 {

// The reqids in use, by what they stand for. A reqid comes from a hash of the group's description, so that a daemon
// that starts again finds the same ones; this map settles collisions and keeps every reqid across a reload.
using ReqidMap = std::unordered_map<std::string, std::uint32_t>;

class Keying {
 public:
  // The matcher must outlive this object. `remembered`: the map of the previous configuration.
  explicit Keying(const Matcher& matcher, const ReqidMap& remembered = {});

  // The protection for a packet that is sent from here. not_found: the policy for it does not secure (or is the
  // default); unsupported: the packet goes to no single host.
  Result<Protection> protection_for(const Flow& flow) const;

  // The responder's question: may a peer that we speak with as `query.remote` have SAs for `query.proposed`? The
  // answer's selector is what was proposed. refused: a policy for this traffic does not agree, and the sentence names
  // it and the field that differs; not_found: no policy secures this traffic. Of several groups that fit, the one with
  // these transforms is taken, and of these the one with this PFS group, then these lifetimes.
  Result<Protection> cover(const CoverQuery& query) const;

  // The configuration's policy of this index was `before` so far: the outcome is that of a keying made anew.
  void replaced(const Policy& before, std::size_t index);
  // What would be if these policies stood in the places of those with the same places.
  class Outlook {
   public:
    Outlook(const Keying& keying, const std::vector<Policy>& next);
    std::uint32_t reqid_of(const Policy& next) const;  // 0: it does not secure, or gets one that is not in use yet
    bool is_in_use(std::uint32_t reqid) const;         // of those that are now

   private:
    const Keying& keying_;
    std::unordered_map<std::uint32_t, std::size_t> policies_;  // by reqid, of those that are concerned
  };

  // What the policy's group is, as text: the key of the map.
  static std::string description(const Policy& policy);
  // Of configuration.policies[index]; 0 for a policy that does not secure.
  std::uint32_t reqid_of(std::size_t index) const;
  std::vector<std::uint32_t> reqids() const;  // one for each policy
  const ReqidMap& reqid_map() const { return reqid_map_; }
  bool is_in_use(std::uint32_t reqid) const { return group_by_reqid_.contains(reqid); }
  std::uint32_t rank_of(std::size_t index) const { return rank_of_[index]; }

 private:
  // Protocol and ports as Quick Mode can say them: nothing is any.
  struct Shape {
    IpProtocol protocol = IpProtocol::any;
    std::optional<std::uint16_t> local_port;
    std::optional<std::uint16_t> remote_port;

    static Shape of(const Filter& filter);
    void widen(const Shape& other);
    bool contains(const Shape& other) const;
  };
  struct Group {
    std::uint32_t reqid = 0;
    bool exclusive = false;
    std::size_t policies = 0;  // 0: it is no more
  };
  // The policies of one pair of prefixes, by rank, and for each group among them the union of their shapes.
  struct Bucket {
    std::vector<std::uint32_t> policies;
    std::vector<std::pair<std::uint32_t, Shape>> unions;
  };
  struct PrefixPair {
    AddressBits local;
    AddressBits remote;
    bool operator==(const PrefixPair&) const = default;
  };
  struct HashPrefixPair {
    std::size_t operator()(const PrefixPair& pair) const noexcept;
  };
  using Buckets = std::unordered_map<PrefixPair, Bucket, HashPrefixPair>;
  using Lengths = std::pair<unsigned, unsigned>;
  struct Wanted {  // a peer's proposal, taken apart
    Packet hosts;  // the first addresses of the proposed prefixes
    Family family = Family::ipv4;
    Filter filter;  // the proposed traffic
    Shape shape;
  };

  void add_group(std::size_t index, const ReqidMap& remembered);
  void leave_group(std::uint32_t left, const Policy& before);
  Bucket& bucket_of(const Filter& filter, Family family);
  void leave_bucket(const Filter& before, std::size_t index, Family family);
  void enter_bucket(std::size_t index, Family family);
  void find_unions(Bucket& bucket) const;
  void add_bucket(std::size_t index, Family family);
  void add_shape(Bucket& bucket, std::uint32_t group, const Shape& shape) const;
  std::vector<const Bucket*> buckets_for(Family family, const IpAddress& local, const IpAddress& remote) const;
  Shape shape_for(std::uint32_t group, const std::vector<const Bucket*>& buckets) const;
  Selector selector_of(const Policy& policy, std::uint32_t group, const Flow& flow) const;
  Protection protection_of(const Policy& policy, Selector selector, const IpAddress& local,
                           const IpAddress& remote) const;
  static Result<Wanted> take_apart(const CoverQuery& query);
  std::vector<std::uint32_t> overlapping(const Wanted& wanted, const std::vector<const Bucket*>& buckets) const;
  std::string why_not(const Policy& policy, const CoverQuery& query, const Wanted& wanted,
                      const std::vector<const Bucket*>& buckets) const;
  Result<Protection> choose(const CoverQuery& query, const Wanted& wanted,
                            const std::vector<const Bucket*>& buckets) const;
  const Policy& policy_at(std::uint32_t index) const { return matcher_.configuration().policies[index]; }

  const Matcher& matcher_;
  std::vector<Group> groups_;
  std::vector<std::uint32_t> group_of_;  // by policy index; no_group where it does not secure
  std::map<std::pair<Family, Lengths>, Buckets> buckets_;
  std::vector<std::uint32_t> rank_of_;  // by policy index
  ReqidMap reqid_map_;
  std::unordered_map<std::uint32_t, std::uint32_t> group_by_reqid_;
};

}  // namespace ipsec9000

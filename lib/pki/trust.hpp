// Whom we believe: a snapshot that is made once and shared by all validations until the next one replaces it.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "pki/certificate.hpp"
#include "pki/crl.hpp"

struct x509_store_st;

namespace ipsec9000::pki {

enum class Revocation : std::uint8_t {
  tolerant,  // a certificate of whose revocation nothing is known counts as good
  strict,    // it does not
};

// What an OCSP responder said (RFC 6960), its signature checked.
struct OcspAnswer {
  bool revoked = false;
  WallTime this_update;
  WallTime next_update;
};

struct TrustContents {
  std::vector<Certificate> anchors = {};        // CAs that are believed in themselves
  std::vector<Certificate> intermediates = {};  // CAs that help to find the path to one of them
  std::vector<Certificate> known = {};          // of peers that may send none
  std::vector<Crl> crls = {};
  std::map<std::string, OcspAnswer> ocsp = {};  // by the certificate's fingerprint
  Revocation revocation = Revocation::tolerant;
  bool allow_legacy = false;
};

// Immutable; used as std::shared_ptr<const Trust>, by any number of threads at once.
class Trust {
 public:
  explicit Trust(TrustContents contents);
  // The same with other answers. Costs what the answers are, however many certificates and CRLs there are: these are
  // shared.
  Trust with_ocsp(std::map<std::string, OcspAnswer> answers) const;

  const std::vector<Certificate>& anchors() const;
  const std::vector<Certificate>& intermediates() const;
  const std::vector<Certificate>& known() const;
  const std::vector<Crl>& crls() const;
  const OcspAnswer* ocsp(const std::string& fingerprint) const;  // null: none
  Revocation revocation() const;
  bool allow_legacy() const;

  // Subjects of the anchors in DER: what a CERTREQ names.
  std::vector<Bytes> anchor_names() const;
  // The known certificates that have this name.
  std::vector<Certificate> known_as(const Identity& identity) const;
  x509_store_st* store() const;  // anchors and CRLs

 private:
  struct Data;
  Trust(std::shared_ptr<const Data> data, std::map<std::string, OcspAnswer> ocsp)
      : data_(std::move(data)), ocsp_(std::move(ocsp)) {}
  std::shared_ptr<const Data> data_;
  std::map<std::string, OcspAnswer> ocsp_;
};

}  // namespace ipsec9000::pki

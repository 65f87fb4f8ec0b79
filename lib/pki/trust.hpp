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
struct Trust : TrustContents {
  explicit Trust(TrustContents contents);

  // Subjects of the anchors in DER: what a CERTREQ names.
  std::vector<Bytes> anchor_names() const;
  // The known certificates that have this name.
  std::vector<Certificate> known_as(const Identity& identity) const;
  x509_store_st* store() const { return store_.get(); }  // anchors and CRLs

 private:
  std::shared_ptr<x509_store_st> store_;
  std::multimap<std::string, std::size_t> known_by_name_;  // identity_key: place in `known`
};

}  // namespace ipsec9000::pki

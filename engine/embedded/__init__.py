"""The embedded Kubernetes API server: small, durable, loopback only.

A request passes, one module each, through

    http (token, paths, errors) → negotiate, options, decode → handlers (method × path → verb)
    → verbs/ → pipeline (place, shape, fill, field ownership, prepare, judge) → store → encode

`core` holds it together without HTTP, `facade` is the door for parts in the same process, `server.EmbeddedServer`
the door for everybody else.

Left out, each with a Status that says so: protobuf bodies (415), impersonation, tokens of service accounts,
TokenReview, SubjectAccessReview and LocalSubjectAccessReview (501), pods' log, exec, attach, portforward, proxy,
binding, eviction and resize (501). Stored but without effect: RBAC (the one token may do everything), admission
webhooks and policies, APIServices (both with a warning), flow control, quotas and limit ranges. Not there: CBOR,
conversion webhooks, OpenAPI v2 beyond a stub, gzip.
"""

# One Dockerfile for every service:  docker build --build-arg SERVICE=orders --tag ticketing/orders:0.1.0 .
ARG BUILD_IMAGE=rust:1-bookworm
ARG RUNTIME_IMAGE=gcr.io/distroless/cc-debian12:nonroot

# Compiles all services at once and does not know SERVICE, so the second image finds this layer in the cache.
FROM ${BUILD_IMAGE} AS build
WORKDIR /src
COPY . .
# The caches belong to the builder and are no part of the image, so the programs are copied out of them. Those of services
# that are gone stay in the cache; removing the old programs first keeps them out of the image.
RUN --mount=type=cache,id=ticketing-registry,target=/usr/local/cargo/registry,sharing=locked \
    --mount=type=cache,id=ticketing-target,target=/src/target,sharing=locked \
    set -eu; \
    mkdir -p target/release /out; \
    find target/release -maxdepth 1 -type f -delete; \
    cargo build --release --locked --workspace --exclude bench --exclude testkit --exclude xtask; \
    find target/release -maxdepth 1 -type f -perm -u+x -exec cp -t /out {} +

FROM build AS service
ARG SERVICE
RUN if [ -z "${SERVICE}" ] || [ ! -x "/out/${SERVICE}" ]; then \
        echo "--build-arg SERVICE=${SERVICE}: name one of: $(find /out -type f -printf '%f ')" >&2; exit 1; \
    fi; \
    cp "/out/${SERVICE}" /service

FROM ${RUNTIME_IMAGE}
ARG SERVICE
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="${SERVICE}" \
      org.opencontainers.image.description="The ${SERVICE} service of the ticketing platform" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.licenses="MIT OR Apache-2.0"
COPY --from=service /service /usr/local/bin/service
USER 65532:65532
EXPOSE 3000
ENTRYPOINT ["/usr/local/bin/service"]

# What `make image` lays out from local files: nothing is fetched, so the image is built without a registry.
FROM scratch
COPY . /
WORKDIR /
ENTRYPOINT ["/usr/bin/node", "/quorate/dist/bin/quorate.js"]

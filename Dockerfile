# Two images out of one tree: `web` serves, queues and starts runs; `evaluator` is all that a run may see.
#
#   docker build --target web -t prism-web .
#   docker build --target evaluator -t prism-evaluator .
#
# PYTHON is the base of both: any image with Python 3.11 or newer, pip, sh and grep.
ARG PYTHON=python:3.11-slim-bookworm

FROM ${PYTHON} AS evaluator
ENV LANG=C.UTF-8 PYTHONPATH=/opt/prism PYTHONDONTWRITEBYTECODE=1
WORKDIR /opt/prism
COPY requirements.txt ./
# The four packages that the runner imports, at the versions of this tree, and what they require.
RUN grep -E '^(torch|numpy|tokenizers|safetensors)==' requirements.txt > evaluator.txt \
 && python -m pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore -r evaluator.txt
COPY evaluations/__init__.py evaluations/
COPY evaluations/runner evaluations/runner
# Nobody can write there later, and every process of a run would compile anew.
RUN python -m compileall -q evaluations
USER 65534:65534
CMD ["python", "-m", "evaluations.runner", "--help"]

FROM ${PYTHON} AS web
ENV LANG=C.UTF-8 PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /opt/prism
COPY requirements.txt ./
RUN python -m pip install --no-cache-dir --disable-pip-version-check --root-user-action=ignore -r requirements.txt
COPY . .
RUN PRISM_VAR_DIR=/tmp/var python manage.py collectstatic --noinput \
 && mkdir -p /var/lib/prism && chown 10001:10001 /var/lib/prism
ENV PRISM_VAR_DIR=/var/lib/prism
USER 10001:10001
EXPOSE 8000
CMD ["gunicorn", "--bind", "0.0.0.0:8000", "--workers", "2", "--threads", "8", "prism_site.wsgi"]
